// What all pages need and htmx does not do: the frame follows what is in it, times are of this place,
// dialogs, the page's token, and what happens when the server is away. Nothing is kept here.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The frame follows what is in it: language, direction, colors. ------------------------------

  function dress() {
    const app = $("#app");
    if (!app) return;
    const root = document.documentElement;
    root.lang = app.lang;
    root.dir = app.dir;
    root.dataset.look = app.dataset.look;
  }

  function clocks() {
    const lang = document.documentElement.lang;
    const today = new Date().toDateString();
    for (const time of $$("time[data-clock]")) {
      const at = new Date(time.dateTime);
      const long = time.dataset.clock === "long";
      const options = { hour: "2-digit", minute: "2-digit" };
      if (long || at.toDateString() !== today) options.weekday = "short";
      if (long || Math.abs(at - Date.now()) > 6 * 86400e3) {
        options.day = "numeric";
        options.month = "short";
      }
      if (long) options.year = "numeric";
      time.textContent = new Intl.DateTimeFormat(lang, options).format(at);
    }
  }

  // Buttons that are only the page's. ----------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const menu = $(".menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    if (!button) return;
    if (button.dataset.open) $(`#${button.dataset.open}`)?.showModal();
    if ("close" in button.dataset) button.closest("dialog")?.close();
  });

  // Every request shows the page's token, which is in the page alone.
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-Papermesh-Page"] = $("#app")?.dataset.page ?? "";
  });

  // New parts of the page. ---------------------------------------------------------------------------

  function settle() {
    dress();
    clocks();
  }

  document.addEventListener("htmx:afterSettle", settle);
  document.addEventListener("DOMContentLoaded", settle);

  // The server is away: nothing of anybody is left to see, and the page comes back by itself. It begins
  // from the start, but for one that is waited for: a phone that slept goes on with the secrets it has. --

  let away = 0;
  let missed = false;

  async function back() {
    const again = $("#app")?.dataset.again;
    if (!again) {
      location.reload();
      return true;
    }
    await htmx.ajax("GET", again, { target: "#app", swap: "outerHTML" });
    // Only a new one is not inert.
    if ($("#app")?.hasAttribute("inert")) return false;
    away = 0;
    $("#away").hidden = true;
    delete document.documentElement.dataset.away;
    return true;
  }

  async function look() {
    if (!away) return;
    try {
      const answer = await fetch("/alive", { cache: "no-store" });
      if (answer.ok && (await back())) return;
    } catch {
      // It is still away.
    }
    setTimeout(look, 2000);
  }

  document.addEventListener("htmx:sseOpen", () => {
    document.documentElement.dataset.live = "yes";
    // What happened meanwhile was told to nobody.
    if (missed && $("#app")?.dataset.again) back().catch(() => {});
    missed = false;
  });

  document.addEventListener("htmx:sseError", () => {
    missed = true;
    away += 1;
    if (away !== 1) return;
    setTimeout(() => {
      away = 0;
      // A page that was closed on purpose is not missed.
      if (!$("#app")) return;
      away = 1;
      $("#away").hidden = false;
      $("#app").setAttribute("inert", "");
      document.documentElement.dataset.away = "yes";
      setTimeout(look, 700);
    }, 300);
  });

  // A page in the browser's history shows nothing. One that would be waited for says that it is over.
  addEventListener("pagehide", () => {
    const { end, page } = $("#app")?.dataset ?? {};
    if (end) {
      const headers = { "X-Papermesh-Page": page };
      fetch(end, { method: "POST", headers, keepalive: true }).catch(() => {});
    }
    $("#app")?.remove();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
