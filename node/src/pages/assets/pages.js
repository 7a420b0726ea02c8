// What all pages need and htmx does not do: the frame follows what is in it, times are of this place,
// dialogs, the page's token, and what happens when the server is away. Nothing is kept here.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The frame follows what is in it: language, direction, colours. ------------------------------

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

  // The server is away: nothing of anybody is left to see, and the page comes back by itself. --------

  let away = 0;

  async function look() {
    try {
      const answer = await fetch("/alive", { cache: "no-store" });
      if (answer.ok) location.reload();
      else setTimeout(look, 2000);
    } catch {
      setTimeout(look, 2000);
    }
  }

  document.addEventListener("htmx:sseOpen", () => {
    document.documentElement.dataset.live = "yes";
  });

  document.addEventListener("htmx:sseError", () => {
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

  // A page in the browser's history shows nothing.
  addEventListener("pagehide", () => $("#app")?.remove());
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
