import { configSchema, createRuntime, parseConfig, verify } from '@affinis/core';

// Builds a runtime from the build, in a process of its own: plugins are imported by URL, which Jest cannot do.
const { config, pluginUrls, modelRoots, folder, only, texts } = JSON.parse(process.argv[2] ?? '{}');
const empty = configSchema.parse({ plugins: [], embedders: {}, pipelines: {}, defaults: {} });
const report = {};
try {
  const runtime = await createRuntime({ config: parseConfig(config, empty), pluginUrls, modelRoots, folder, only });
  report.embedders = [...runtime.embedders.values()].map(({ name, state }) => ({
    name,
    available: state.available,
    reason: state.reason,
  }));
  report.pipelines = [...runtime.pipelines.values()].map(({ name, metricName, judge, state }) => {
    const { policy, threshold } = judge(0);
    return { name, metricName, policy, threshold, reason: state.reason };
  });
  report.metrics = [...runtime.metrics.keys()];
  const pipeline = runtime.pipelines.get('toy');
  const side = (texts ?? []).map((text) => ({ kind: 'text', text }));
  if (pipeline && side.length > 0) [report.verification] = await verify(pipeline, [{ left: side, right: side }]);
  await runtime.close();
} catch ({ code, message, field }) {
  report.error = { code, message, field };
}
// No process.exit: a thread that was left behind must show as a process that does not end.
process.stdout.write(JSON.stringify(report));
