// Run axe-core over pages in a real browser: node web_axe.mjs FOLDER CHROMIUM AUTH < pages.json
// A page is [address, form]; with a form it is what a browser shows after sending it.
// Prints one JSON line a page and setting: { url, status, theme, width, violations, sideways }.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, chromium, auth] = process.argv.slice(2);
const require = createRequire(folder + "/");
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});

async function look(page, url, form) {
  let sending = form;
  const send = (request) => {
    const headers = { ...request.headers(), "content-type": "application/x-www-form-urlencoded" };
    const post = sending && request.isNavigationRequest();
    request.continue(post ? { method: "POST", postData: sending, headers } : {});
    if (post) sending = null;
  };
  if (form) {
    await page.setRequestInterception(true);
    page.on("request", send);
  }
  const answer = await page.goto(url, { waitUntil: "load" });
  if (form) {
    page.off("request", send);
    await page.setRequestInterception(false);
  }
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  const violations = found.violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html)]);
  return { status: answer.status(), violations, sideways };
}

const pages = JSON.parse(readFileSync(0, "utf8"));
for (const theme of ["light", "dark"]) {
  for (const width of [1280, 360]) {
    const page = await browser.newPage();
    await page.setBypassCSP(true);
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
    await page.setExtraHTTPHeaders({ Authorization: auth });
    for (const [url, form] of pages) {
      console.log(JSON.stringify({ url, form, theme, width, ...(await look(page, url, form)) }));
    }
    await page.close();
  }
}
await browser.close();
