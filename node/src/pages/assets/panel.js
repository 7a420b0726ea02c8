// What htmx does not do: keys on the screen, which jobs are ticked, and the count-down. Nothing is kept
// here but the ticks; they go with the page.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Keys on the screen type into the field that was touched last. -------------------------------

  let field = null;

  function pad(name) {
    const keys = $(".keys");
    if (!keys) return;
    keys.dataset.shown = name;
    for (const pad of $$("[data-pad]", keys)) pad.hidden = pad.dataset.pad !== name;
  }

  // The next letter is a capital one.
  function capitals(are) {
    for (const shift of $$("[data-shift]")) {
      shift.setAttribute("aria-pressed", are);
      for (const key of $$("[data-key]", shift.closest(".board"))) {
        key.textContent = are ? key.dataset.key.toUpperCase() : key.dataset.key;
      }
    }
  }

  function type(change) {
    if (!field || !field.isConnected) field = $("#pin") || $("#user") || $(".ask [data-keys]");
    if (!field) return;
    field.value = change(field.value).slice(0, field.maxLength > 0 ? field.maxLength : undefined);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("focusin", (event) => {
    if (event.target.matches("#user, #pin, .ask [data-keys]")) {
      field = event.target;
      for (const other of $$(".field input")) other.classList.toggle("typed", other === field);
      if (field.dataset.keys) pad(field.dataset.keys);
    }
  });

  function fields() {
    const first = $("#app [autofocus]");
    field = null;
    if (first) first.focus({ preventScroll: true });
  }

  // Ticks. -----------------------------------------------------------------------------------------

  const ticked = new Set();

  function ticks() {
    const boxes = $$('#jobs input[name="job"]');
    const here = new Set();
    for (const box of boxes) {
      here.add(box.value);
      box.checked = ticked.has(box.value) && !box.disabled;
    }
    if (boxes.length) for (const one of ticked) if (!here.has(one)) ticked.delete(one);
    count();
  }

  function count() {
    const boxes = $$('#jobs input[name="job"]:not(:disabled)');
    const chosen = boxes.filter((box) => box.checked).length;
    const all = $("[data-all]");
    if (all) {
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    for (const place of $$("[data-chosen]")) place.textContent = chosen || "";
    for (const button of $$("[data-needs-choice]")) button.disabled = chosen === 0;
  }

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches('#jobs input[name="job"]')) {
      if (box.checked) ticked.add(box.value);
      else ticked.delete(box.value);
      count();
    } else if (box.matches("[data-all]")) {
      for (const other of $$('#jobs input[name="job"]:not(:disabled)')) {
        other.checked = box.checked;
        if (box.checked) ticked.add(other.value);
        else ticked.delete(other.value);
      }
      count();
    }
  });

  // Pictures of first pages. The page's token goes with every request, so that an address alone
  // shows nothing; what came is a blob of this page, and is let go with its job or its user. --------

  const pictures = new Map();
  let whose = "";
  let fetching = false;

  function letGo(number) {
    const image = pictures.get(number);
    if (image) URL.revokeObjectURL(image.src);
    image?.remove();
    pictures.delete(number);
  }

  function hang() {
    const alt = $("#pictures")?.dataset.alt ?? "";
    for (const place of $$("[data-picture]")) {
      const image = pictures.get(place.dataset.picture);
      if (!image || image.parentNode === place) continue;
      image.alt = alt;
      place.append(image);
    }
  }

  async function gallery() {
    const token = $("#app")?.dataset.page ?? "";
    const list = $("#pictures");
    const there = new Set(list ? $$("data", list).map((one) => one.value) : []);
    // The numbers of another user's jobs are the same.
    for (const number of [...pictures.keys()]) {
      if (token !== whose || !there.has(number)) letGo(number);
    }
    whose = token;
    hang();
    const next = [...there].find((number) => !pictures.has(number));
    if (next === undefined || fetching) return;
    fetching = true;
    let image = null;
    try {
      const answer = await fetch(list.dataset.from + next, {
        headers: { "X-Papermesh-Page": token },
        cache: "no-store",
      });
      if (answer.ok) {
        image = new Image();
        image.draggable = false;
        image.src = URL.createObjectURL(await answer.blob());
        await image.decode();
      }
    } catch {
      if (image) URL.revokeObjectURL(image.src);
      image = null;
    }
    fetching = false;
    // Somebody else may stand there by now.
    if (whose === token && $("#app")?.dataset.page === token) pictures.set(next, image);
    else if (image) URL.revokeObjectURL(image.src);
    gallery();
  }

  // The count-down. --------------------------------------------------------------------------------

  const WARN = 15000;
  let over = 0;
  let whole = 1;
  let stayed = Date.now();

  function wind() {
    const clock = $("#clock");
    if (!clock) {
      over = 0;
      return;
    }
    over = Date.now() + Number(clock.dataset.left);
    whole = Number(clock.dataset.whole) || 1;
    tick();
  }

  function tick() {
    const clock = $("#clock");
    if (!clock || !over) return;
    const left = Math.max(0, over - Date.now());
    $("[data-count]", clock).textContent = Math.ceil(left / 1000);
    $(".clock-hand", clock).setAttribute("stroke-dasharray", `${(100 * left) / whole} 100`);
    const soon = left < Math.min(WARN, whole / 2);
    if (soon !== clock.classList.contains("soon")) {
      clock.classList.toggle("soon", soon);
      const warning = $("[data-warning]", clock);
      warning.textContent = soon ? warning.dataset.warning : "";
    }
  }

  setInterval(tick, 500);

  // Whoever touches the page is there, but for the last touch: what is asked beside a log-out comes from
  // nobody's page.
  function touch(event) {
    if (event.target.closest?.(".leave")) return;
    const clock = $("#clock");
    if (!clock?.dataset.stay || Date.now() - stayed < 5000) return;
    stayed = Date.now();
    htmx.ajax("POST", clock.dataset.stay, { source: "#clock", target: "#clock", swap: "outerHTML" });
  }
  for (const kind of ["pointerdown", "keydown", "wheel", "scroll"]) {
    addEventListener(kind, touch, { passive: true, capture: true });
  }

  // Buttons that are only the page's. ----------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { key, switch: to, step } = button.dataset;
    if (key !== undefined) {
      const capital = $('[data-shift][aria-pressed="true"]', button.closest(".board") ?? undefined);
      type((text) => text + (capital ? key.toUpperCase() : key));
      if (capital) capitals(false);
    }
    if ("shift" in button.dataset) capitals(button.getAttribute("aria-pressed") !== "true");
    if ("erase" in button.dataset) type((text) => text.slice(0, -1));
    if (to) pad(to);
    if (step) {
      const copies = $("#copies");
      const now = Number(copies.value) || 1;
      copies.value = Math.min(999, Math.max(1, now + Number(step)));
    }
    if ("reset" in button.dataset) {
      const dialog = $("#options");
      for (const input of $$("input:not([type=radio])", dialog)) input.value = "";
      for (const input of $$('input[type=radio][value=""]', dialog)) input.checked = true;
    }
    applies();
  });

  // What is to be printed otherwise than it was sent is said beside the buttons that print.
  function applies() {
    const line = $("#applies");
    const options = $("#options");
    if (!line || !options) return;
    const said = [];
    const copies = $("#copies").value.trim();
    const pages = $("#pages").value.trim();
    if (copies) said.push(`${copies} ×`);
    if (pages) said.push(pages);
    for (const chosen of $$("input[type=radio]:checked", options)) {
      if (chosen.value) said.push(chosen.nextElementSibling.textContent);
    }
    const words = said.join(" · ");
    const place = $("[data-applies]", line);
    if (place.textContent !== words) place.textContent = words;
    line.hidden = said.length === 0;
  }

  document.addEventListener("input", applies);

  // A physical keyboard: Enter in an option closes the dialog and sends nothing by itself.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("dialog input")) {
      event.preventDefault();
      event.target.closest("dialog").close();
    }
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id === "choose") event.preventDefault();
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const source = event.detail.elt;
    if (event.detail.successful && source?.matches?.("[data-done]")) {
      ticked.clear();
      ticks();
      window.scrollTo({ top: 0, behavior: "smooth" });
    }
  });

  // New parts of the page. ---------------------------------------------------------------------------

  function settle() {
    if (!$("#jobs")) ticked.clear();
    ticks();
    gallery();
    applies();
  }

  // A new part has its ticks and pictures before it is painted.
  document.addEventListener("htmx:afterSwap", settle);
  document.addEventListener("htmx:afterSettle", (event) => {
    settle();
    const part = event.detail.elt;
    if (part?.id === "app" || part?.id === "clock") wind();
    if (part?.id === "app" || part?.id === "prints") fields();
  });

  // A phone brings the secret of the code that it read behind the "#", which is in no request. It goes
  // once, and from the history at once.
  function knock() {
    const outside = $("[data-knock]");
    const secret = location.hash.slice(1);
    if (!outside || !secret) return;
    history.replaceState(null, "", location.pathname);
    outside.classList.add("knocking");
    htmx.ajax("POST", outside.dataset.knock, { source: outside, target: "#app", swap: "outerHTML", values: { secret } });
  }
  addEventListener("hashchange", knock);

  document.addEventListener("DOMContentLoaded", () => {
    knock();
    settle();
    wind();
    fields();
  });

  // With the page its pictures go.
  addEventListener("pagehide", gallery);
})();
