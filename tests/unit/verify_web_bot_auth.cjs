// Verify a request with the npm package web-bot-auth. Reads {jwk, method, url, headers} on stdin.
// Version 0.1.3 takes the whole field where `;key=` names one member of it, so it is given the member.
const { createRequire } = require("node:module");
const load = createRequire(process.argv[2] + "/");
const { verify } = load("web-bot-auth");
const { verifierFromJWK } = load("web-bot-auth/crypto");
const { jwkThumbprint } = load("jsonwebkey-thumbprint");

let text = "";
process.stdin.on("data", (piece) => (text += piece));
process.stdin.on("end", async () => {
  const { jwk, method, url, headers } = JSON.parse(text);
  const message = { method, url, headers: { ...headers } };
  const name = Object.keys(headers).find((key) => key.toLowerCase() === "signature-agent");
  message.headers[name] = headers[name].replace(/^[a-z0-9]+=/, "");
  try {
    await verify(message, await verifierFromJWK(jwk));
    console.log("verified");
  } catch (error) {
    console.log(`refused: ${error.message}`);
  }
});
