package io.affinis.example;

import affinis.v1.SampleOuterClass.Media;
import affinis.v1.SampleOuterClass.Sample;
import affinis.v1.SimilarityGrpc;
import affinis.v1.SimilarityOuterClass.Comparison;
import affinis.v1.SimilarityOuterClass.Side;
import affinis.v1.SimilarityOuterClass.VerifyItem;
import affinis.v1.SimilarityOuterClass.VerifyRequest;
import affinis.v1.SimilarityOuterClass.VerifyResult;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Says whether two files show, or hold the voice of, one person: Verify HOST:PORT A B */
public final class Verify {
  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length != 3) {
      System.err.println("usage: Verify HOST:PORT A B");
      System.exit(2);
    }
    ManagedChannel channel = Grpc.newChannelBuilder(arguments[0], InsecureChannelCredentials.create()).build();
    int status = 0;
    try {
      VerifyResult result = verify(channel, Path.of(arguments[1]), Path.of(arguments[2]));
      if (result.getStatus().getCode() == Code.OK_VALUE) {
        System.out.println(describe(result.getComparison()));
      } else {
        System.err.println(Code.forNumber(result.getStatus().getCode()) + ": " + result.getStatus().getMessage());
        status = 1;
      }
    } catch (StatusRuntimeException failure) {
      System.err.println(failure.getStatus().getCode() + ": " + failure.getStatus().getDescription());
      status = 1;
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
    System.exit(status);
  }

  /** One call with one item. Files of more than about 4 MB together would travel on VerifyStream, in chunks. */
  private static VerifyResult verify(ManagedChannel channel, Path left, Path right) throws IOException {
    VerifyItem item = VerifyItem.newBuilder().setId("pair").setLeft(side(left)).setRight(side(right)).build();
    return SimilarityGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .verify(VerifyRequest.newBuilder().addItems(item).build())
        .getResults(0);
  }

  private static Side side(Path file) throws IOException {
    Media media = Media.newBuilder().setData(ByteString.copyFrom(Files.readAllBytes(file))).build();
    return Side.newBuilder().addSamples(Sample.newBuilder().setMedia(media)).build();
  }

  private static String describe(Comparison answer) {
    String decision = answer.getDecision().name().replaceFirst("DECISION_", "").toLowerCase(Locale.ROOT);
    return String.format(
        Locale.ROOT,
        "%s: score %.4f, threshold %.4f (%s)",
        decision, answer.getScore(), answer.getThreshold(), answer.getPipeline().getPipeline());
  }

  private Verify() {}
}
