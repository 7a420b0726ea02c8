// A browser that does what it is told: one JSON command a line on standard input, one JSON answer a
// line on standard output. `tests/src/browser.rs` is the other end.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 30_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});

let context;
let page;
let weight = 0;
let complaints = [];

async function begin({ width = 1280, height = 800, language = "en", scheme = "light", touch = false }) {
  await context?.close();
  context = await browser.newContext({
    viewport: { width, height },
    locale: language,
    colorScheme: scheme,
    hasTouch: touch,
    ignoreHTTPSErrors: true,
    timezoneId: "Europe/Berlin",
  });
  context.setDefaultTimeout(PATIENCE);
  page = await window();
}

async function window() {
  const opened = await context.newPage();
  opened.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  opened.on("pageerror", (error) => complaints.push(String(error)));
  const devtools = await context.newCDPSession(opened);
  await devtools.send("Network.enable");
  devtools.on("Network.loadingFinished", (event) => (weight += event.encodedDataLength));
  return opened;
}

// A page that loads itself again at this moment ends a visit that has just begun.
async function open(url) {
  for (let left = 3; ; left -= 1) {
    try {
      return (await page.goto(url, { waitUntil: "load" }))?.status();
    } catch (error) {
      if (left === 0 || !String(error).includes("ERR_ABORTED")) throw error;
    }
  }
}

const commands = {
  begin,
  open,
  reload: () => page.reload({ waitUntil: "load" }),
  back: () => page.goBack({ waitUntil: "load" }),
  size: ([width, height]) => page.setViewportSize({ width, height }),
  media: (features) => page.emulateMedia(features),
  click: (selector) => page.locator(selector).first().click(),
  fill: ([selector, text]) => page.locator(selector).first().fill(text),
  offline: (is) => context.setOffline(is),
  press: (key) => page.keyboard.press(key),
  type: (text) => page.keyboard.type(text),
  attach: ([selector, path]) => page.locator(selector).first().setInputFiles(path),
  save: async ([selector, path]) => {
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.locator(selector).first().click(),
    ]);
    await file.saveAs(path);
    return file.suggestedFilename();
  },
  text: (selector) => page.locator(selector).first().innerText(),
  texts: (selector) => page.locator(selector).allInnerTexts(),
  count: (selector) => page.locator(selector).count(),
  see: (selector) => page.locator(selector).first().waitFor({ state: "visible" }),
  miss: (selector) => page.locator(selector).first().waitFor({ state: "hidden" }),
  html: () => page.content(),
  evaluate: (script) => page.evaluate(script),
  shot: async (path) => {
    // The camera styles the page for a moment, which the page's policy forbids and reports.
    const heard = [...complaints];
    await page.screenshot({ path, animations: "disabled", caret: "initial" });
    complaints = heard;
  },
  another: async () => {
    page = await window();
  },
  switch: async (index) => {
    page = context.pages()[index];
    await page.bringToFront();
  },
  weight: () => {
    const loaded = weight;
    weight = 0;
    return loaded;
  },
  complaints: () => {
    const heard = complaints;
    complaints = [];
    return heard;
  },
  axe: async () => {
    await page.evaluate(axe);
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const found = await page.evaluate(
      (values) => globalThis.axe.run(document, { runOnly: { type: "tag", values } }),
      tags,
    );
    return found.violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map((node) => `${node.html} (${node.any.map((check) => check.message).join("; ")})`).join(" | ")}`,
    );
  },
};

process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const [[name, value]] = Object.entries(JSON.parse(line));
    answer = { done: (await commands[name](value)) ?? null };
  } catch (error) {
    answer = { failed: String(error?.message ?? error) };
  }
  // What a command gives is JSON, or nothing that anybody asked for.
  let text;
  try {
    text = JSON.stringify(answer);
  } catch {
    text = JSON.stringify({ done: null });
  }
  process.stdout.write(`${text}\n`);
}
await browser.close();
