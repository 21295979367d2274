// Walk through pages as a person does: node web_story.mjs FOLDER CHROMIUM AUTH SHOTS < steps.json
// Scripts are switched off in the pages. Prints one JSON line a step with what it found.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, chromium, auth, shots] = process.argv.slice(2);
const puppeteer = createRequire(folder + "/")("puppeteer-core");
const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await browser.newPage();
await page.setJavaScriptEnabled(false);
await page.setViewport({ width: 1100, height: 1400 });
if (auth) await page.setExtraHTTPHeaders({ Authorization: auth });

async function follow(action) {
  await Promise.all([page.waitForNavigation({ waitUntil: "load" }), action()]);
  return page.url();
}

async function link(words) {
  for (const found of await page.$$("a[href]")) {
    if ((await found.evaluate((node) => node.textContent)).replace(/\s+/g, " ").includes(words)) return found;
  }
  throw new Error(`no link says ${JSON.stringify(words)} on ${page.url()}`);
}

const steps = {
  open: (url) => page.goto(url, { waitUntil: "load" }).then((answer) => answer.status()),
  fill: (selector, text) => page.type(selector, text),
  tick: (selector) => page.click(selector),
  send: (selector) => follow(() => page.click(selector)),
  follow: (words) => link(words).then((found) => follow(() => found.click())),
  address: (words) => link(words).then((found) => found.evaluate((node) => node.href)),
  read: (selector) => page.$$eval(selector, (nodes) => nodes.map((node) => node.innerText.replace(/\s+/g, " ").trim())),
  look: (name) => page.screenshot({ path: `${shots}/${name}.png`, fullPage: true }).then(() => name),
};
for (const [step, ...words] of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    console.log(JSON.stringify((await steps[step](...words)) ?? null));
  } catch (error) {
    console.error(`${step} ${words.join(" ")}: ${error.message}`);
    process.exit(1);
  }
}
await browser.close();
