// PostGraphile 5 with its default (Amber) preset over the same tables, two processes. Run by node 22.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const here = createRequire(process.env.BENCH_MODULES + "/package.json");
const load = (name) => import(pathToFileURL(here.resolve(name)));
const { postgraphile } = await load("postgraphile");
const { PostGraphileAmberPreset } = await load("postgraphile/presets/amber");
const { makePgService } = await load("postgraphile/adaptors/pg");
const { grafserv } = await load("postgraphile/grafserv/node");

if (cluster.isPrimary) {
  for (let number = 0; number < 2; number++) cluster.fork();
  process.on("SIGTERM", () => process.exit(0));
} else {
  const server = createServer();
  server.on("error", (error) => console.error(error));
  const preset = {
    extends: [PostGraphileAmberPreset],
    pgServices: [makePgService({ schemas: ["jishi"], poolConfig: JSON.parse(process.env.BENCH_POOL) })],
    grafserv: { port: Number(process.env.BENCH_PORT), graphiql: false, watch: false },
  };
  const instance = postgraphile(preset).createServ(grafserv);
  await instance.addTo(server);
  server.listen(Number(process.env.BENCH_PORT), "127.0.0.1");
}
