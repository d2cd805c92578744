// Keeps a server on this machine: some of the stand-ins cannot be told to, and would listen on every address.
// Loaded before the server with `node --require`.
const net = require("node:net");

const LOOPBACK = "127.0.0.1";
const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === "object" && first !== null && "port" in first) {
    return listen.call(this, { ...first, host: LOOPBACK }, ...rest);
  }
  if (typeof first === "number" || typeof first === "string") {
    const others = typeof rest[0] === "string" ? rest.slice(1) : rest;
    return listen.call(this, Number(first), LOOPBACK, ...others);
  }
  return listen.call(this, first, ...rest);
};
