// What htmx does not do on the portal: a link is used, dialogs are shown, and what was unfolded stays
// so. Nothing is kept here.
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The link. What proves it is taken out of the address before anything else is done, so that it is
  // neither in the history nor read by whoever looks at the screen. ------------------------------

  function taken() {
    const link = location.hash.slice(1);
    if (link) history.replaceState(null, "", location.pathname);
    return link;
  }

  function enter(link) {
    if (!link) return;
    htmx.ajax("POST", "/enter", { source: "#portal", target: "#portal", swap: "innerHTML", values: { link } });
  }

  const link = taken();
  document.addEventListener("DOMContentLoaded", () => enter(link));
  // A link that is pasted over an open page.
  addEventListener("hashchange", () => enter(taken()));

  // Dialogs. ---------------------------------------------------------------------------------------

  // What was pressed before the page was exchanged, and has the focus again afterwards.
  let pressed = null;

  document.addEventListener("htmx:beforeRequest", (event) => {
    const source = event.detail.elt;
    if (source.id && !source.closest("dialog") && source.matches("button")) pressed = source.id;
  });

  function dialogs() {
    const dialog = $("dialog[data-modal]:not([open])");
    if (dialog) dialog.showModal();
    else if (pressed && !$("dialog[open]")) {
      const back = document.getElementById(pressed);
      if (document.activeElement === document.body) {
        (back && !back.disabled ? back : $(".room h1"))?.focus({ preventScroll: true });
      }
      pressed = null;
    }
  }

  // Escape is a no that the server hears, too.
  document.addEventListener(
    "cancel",
    (event) => {
      const no = $("[data-no]", event.target);
      if (!no) return;
      event.preventDefault();
      no.click();
    },
    true,
  );

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = $(button.dataset.copy);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      $("span", button).textContent = button.dataset.copied;
    } catch {
      // It is selected; whoever wants it copies it.
    }
  });

  // A file. The page's token goes with the request, so that an address alone gives nothing.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-save]");
    if (!button) return;
    try {
      const answer = await fetch(button.dataset.save, {
        headers: { "X-Papermesh-Page": $("#app")?.dataset.page ?? "" },
        cache: "no-store",
      });
      if (!answer.ok) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = button.dataset.file;
      link.click();
      URL.revokeObjectURL(link.href);
      $("span", button).textContent = button.dataset.saved;
    } catch {
      // The node is away, which the page says; the button can be pressed again.
    }
  });

  // What was unfolded stays so while the list around it is exchanged. ------------------------------

  const unfolded = new Set();

  document.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.matches("details.more-words")) return;
      if (event.target.open) unfolded.add(event.target.id);
      else if (event.target.isConnected) unfolded.delete(event.target.id);
    },
    true,
  );

  document.addEventListener("htmx:afterSettle", () => {
    for (const details of $$("details.more-words")) details.open = unfolded.has(details.id);
    dialogs();
  });
})();
