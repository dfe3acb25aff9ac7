"""Galleries of a server: who is enrolled, and whose a sample is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from affinis.answers import EnrollAnswer, IdentifyAnswer, identify_result, template_result
from affinis.ask import ask
from affinis.batches import batches_of
from affinis.probes import shrink_probes
from affinis.protocols import Enrolment, Side, enroll_protocol
from affinis.result import Failure, Result
from affinis.transport import Transport
from affinis.v1 import gallery_pb2, gallery_pb2_grpc


class GalleryCalls:
    """The part of a client that keeps and searches galleries."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._gallery = gallery_pb2_grpc.GalleryStub(transport.channel)

    def create_gallery(
        self, name: str, pipeline: str, *, deadline_ms: int | None = None
    ) -> gallery_pb2.GalleryDescription:
        """The pipeline's space becomes the gallery's."""
        request = gallery_pb2.CreateGalleryRequest(name=name, pipeline=pipeline)
        return self._transport.unary(self._gallery.CreateGallery, request, deadline_ms).gallery

    def delete_gallery(self, name: str, *, deadline_ms: int | None = None) -> None:
        """With all of its templates."""
        request = gallery_pb2.DeleteGalleryRequest(name=name)
        self._transport.unary(self._gallery.DeleteGallery, request, deadline_ms)

    def list_galleries(self, *, deadline_ms: int | None = None) -> Sequence[gallery_pb2.GalleryDescription]:
        """All galleries by name."""
        request = gallery_pb2.ListGalleriesRequest()
        return self._transport.unary(self._gallery.ListGalleries, request, deadline_ms).galleries

    def enroll(
        self, gallery: str, enrolments: Iterable[Enrolment], *, pipeline: str = "", deadline_ms: int | None = None
    ) -> list[Result[EnrollAnswer]]:
        """A success is on the server's disk. An item sent again after a lost answer may be enrolled twice."""
        return ask(self._transport, enroll_protocol(self._gallery, gallery, pipeline), enrolments, deadline_ms)

    def identify(
        self,
        gallery: str,
        probes: Iterable[Side],
        *,
        pipeline: str = "",
        k: int = 5,
        filter: Mapping[str, str] | None = None,
        with_metadata: bool = False,
        deadline_ms: int | None = None,
    ) -> list[Result[IdentifyAnswer]]:
        """Whose each probe is, among all templates or those whose metadata holds the filter's pairs."""
        small = shrink_probes(self._transport, probes, gallery, pipeline, deadline_ms)
        items = [each for each in small if not isinstance(each, Failure)]
        answers: list[Result[IdentifyAnswer]] = []
        for batch in batches_of(items, self._transport.settings):
            request = gallery_pb2.IdentifyRequest(
                gallery=gallery, pipeline=pipeline, items=batch, k=k, filter=filter, with_metadata=with_metadata
            )
            response = self._transport.unary(self._gallery.Identify, request, deadline_ms)
            answers.extend(map(identify_result, response.results))
        answered = iter(answers)
        return [each if isinstance(each, Failure) else next(answered) for each in small]

    def get_templates(
        self, gallery: str, ids: Sequence[str], *, with_embeddings: bool = False, deadline_ms: int | None = None
    ) -> list[Result[gallery_pb2.Template]]:
        """One an id, in order."""
        size = 1 if with_embeddings else self._transport.settings.max_batch_items
        results: list[Result[gallery_pb2.Template]] = []
        for first in range(0, len(ids), size):
            some = ids[first : first + size]
            request = gallery_pb2.GetTemplateRequest(gallery=gallery, ids=some, with_embeddings=with_embeddings)
            response = self._transport.unary(self._gallery.GetTemplate, request, deadline_ms)
            results.extend(map(template_result, response.results))
        return results

    def list_templates(
        self, gallery: str, *, filter: Mapping[str, str] | None = None, deadline_ms: int | None = None
    ) -> Iterator[gallery_pb2.Template]:
        """All of them in the order of their ids, page by page as they are asked for."""
        token = ""
        while True:
            request = gallery_pb2.ListTemplatesRequest(gallery=gallery, page_token=token, filter=filter)
            page = self._transport.unary(self._gallery.ListTemplates, request, deadline_ms)
            yield from page.templates
            token = page.next_page_token
            if not token:
                return

    def delete_templates(
        self, gallery: str, ids: Sequence[str], *, deadline_ms: int | None = None
    ) -> list[Result[gallery_pb2.Template]]:
        """One an id, in order; the templates in the results are empty."""
        size = self._transport.settings.max_batch_items
        results: list[Result[gallery_pb2.Template]] = []
        for first in range(0, len(ids), size):
            request = gallery_pb2.DeleteTemplateRequest(gallery=gallery, ids=ids[first : first + size])
            response = self._transport.unary(self._gallery.DeleteTemplate, request, deadline_ms)
            results.extend(map(template_result, response.results))
        return results
