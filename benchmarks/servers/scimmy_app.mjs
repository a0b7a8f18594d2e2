// scimmy-routers on Express, with everything in maps, behind a check of the token PEER_TOKEN, on the port PEER_PORT.
// Its handlers return all resources, or those that SCIMMY's own filter keeps; SCIMMY sorts and pages.
import { randomUUID } from "node:crypto";
import express from "express";
import scimmy from "scimmy";
import routers from "scimmy-routers";

const SCIMMY = scimmy.default ?? scimmy;
const Routers = routers.default ?? routers;
const { PEER_TOKEN, PEER_PORT } = process.env;

function declare(type, nameOf) {
  const stored = new Map();
  const names = new Map();

  function known(id) {
    if (!stored.has(id)) throw new SCIMMY.Types.Error(404, null, `no resource has the id ${id}`);
    return stored.get(id);
  }

  SCIMMY.Resources.declare(type, {
    egress(resource) {
      if (resource.id) return known(resource.id);
      const all = [...stored.values()];
      return resource.filter ? resource.filter.match(all) : all;
    },
    ingress(resource, data) {
      const before = resource.id && known(resource.id);
      const id = before ? before.id : randomUUID();
      const name = nameOf(data).toLowerCase();
      if ((names.get(name) ?? id) !== id) throw new SCIMMY.Types.Error(409, "uniqueness", "the name is taken");
      if (before) names.delete(nameOf(before).toLowerCase());
      names.set(name, id);
      const now = new Date().toISOString();
      const meta = { created: before?.meta.created ?? now, lastModified: now };
      stored.set(id, { ...JSON.parse(JSON.stringify(data)), id, meta });
      return stored.get(id);
    },
    degress(resource) {
      names.delete(nameOf(known(resource.id)).toLowerCase());
      stored.delete(resource.id);
    },
  });
}

declare(SCIMMY.Resources.User, (user) => user.userName);
declare(SCIMMY.Resources.Group, (group) => group.displayName);

const app = express();
app.use("/scim/v2", new Routers({
  type: "bearer",
  docUri: "https://example.com",
  handler(request) {
    if (request.header("Authorization") !== `Bearer ${PEER_TOKEN}`) throw new Error("wrong token");
    return "benchmark";
  },
}));
app.listen(Number(PEER_PORT), "127.0.0.1").keepAliveTimeout = 60000;
