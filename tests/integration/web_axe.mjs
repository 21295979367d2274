// Run axe-core over pages in a real browser: node web_axe.mjs FOLDER CHROMIUM AUTH URL...
// Prints one JSON line a page and setting: { url, theme, width, violations, sideways }.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, chromium, auth, ...urls] = process.argv.slice(2);
const require = createRequire(folder + "/");
const puppeteer = require("puppeteer-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
for (const theme of ["light", "dark"]) {
  for (const width of [1280, 360]) {
    const page = await browser.newPage();
    await page.setBypassCSP(true);
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
    await page.setExtraHTTPHeaders({ Authorization: auth });
    for (const url of urls) {
      await page.goto(url, { waitUntil: "load" });
      await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
      await page.evaluate(axe);
      const found = await page.evaluate(() =>
        window.axe.run(document, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        }),
      );
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      const violations = found.violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html)]);
      console.log(JSON.stringify({ url, theme, width, violations, sideways }));
    }
    await page.close();
  }
}
await browser.close();
