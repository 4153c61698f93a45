"use strict";
// What a page does beyond being read: it keeps itself up to date while it is looked at, and not while it is paused.
(() => {
  const main = document.querySelector("main[data-live]");
  const stream = document.getElementById("stream");
  const state = document.getElementById("live-state");
  const pause = document.getElementById("pause");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`olcare_zone=${zone}`)) {
    document.cookie = `olcare_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  }

  const server = document.getElementById("server-clock");
  const ahead = server ? Date.parse(server.dataset.now) - Date.now() : 0;
  const two = (number) => String(number).padStart(2, "0");
  const left = (until) => {
    const seconds = Math.floor(Math.abs(until) / 1000);
    const days = Math.floor(seconds / 86400);
    const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
    return (until < 0 ? "\u2212" : "") + (days ? `${days}${server.dataset.day} ` : "") + clock;
  };
  const tick = () => {
    const now = Date.now() + ahead;
    document.querySelectorAll("[data-due]").forEach((one) => {
      const said = left(Date.parse(one.dataset.due) - now);
      if (one.textContent !== said) one.textContent = said;
    });
  };
  if (server) {
    tick();
    setInterval(tick, 1000);
    document.addEventListener("htmx:oobAfterSwap", tick);
  }
  document.querySelectorAll("[data-upload]").forEach((one) => (one.hidden = false));
  document.addEventListener("change", (event) => {
    const [file] = event.target.files || [];
    const text = document.getElementById(event.target.dataset.into);
    if (file && text) file.text().then((read) => (text.value = read));
  });
  if (!window.htmx) return;

  let cancelled = false;
  const going = () => document.querySelector(".progress[hx-get]");
  const buttons = () =>
    document.querySelectorAll("[data-cancel]").forEach((one) => (one.hidden = cancelled || !going()));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-cancel]")) return;
    cancelled = true;
    if (going()) window.htmx.trigger(going(), "htmx:abort");
    buttons();
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (cancelled && event.detail.elt.matches(".progress")) event.preventDefault();
  });
  document.addEventListener("htmx:afterSettle", buttons);
  buttons();
  if (!main || !stream || !state || !pause) return;

  let paused = false;
  const say = (word) => {
    if (state.dataset.state === word && state.querySelector(".word").textContent) return;
    state.dataset.state = word;
    state.querySelector(".word").textContent = state.dataset[word];
  };
  const address = () => {
    const [path, query] = main.dataset.live.split("?");
    return (path === "/" ? "" : path) + "/live" + (query ? `?${query}` : "");
  };
  const start = () => {
    if (paused || document.hidden || stream.firstElementChild) return;
    const part = document.createElement("div");
    part.setAttribute("hx-ext", "sse");
    part.setAttribute("sse-connect", address());
    part.setAttribute("sse-swap", "changes");
    part.setAttribute("hx-swap", "none");
    window.htmx.swap(stream, part.outerHTML, { swapStyle: "innerHTML" });
  };
  const stop = () => window.htmx.swap(stream, "", { swapStyle: "innerHTML" });

  stream.addEventListener("htmx:sseOpen", () => say("live"));
  stream.addEventListener("htmx:sseError", () => {
    say("lost");
    if (main.dataset.session) {
      fetch(main.dataset.live, { method: "HEAD" }).then((answer) => answer.status === 401 && location.reload(), () => {});
    }
  });
  document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const fresh = fragment.firstElementChild;
    if (!fresh) return;
    fresh.removeAttribute("hx-swap-oob");
    target.querySelectorAll("details[open][id]").forEach((open) => {
      const same = fresh.querySelector(`#${CSS.escape(open.id)}`);
      if (same) same.open = true;
    });
    if (target.outerHTML === fresh.outerHTML) event.detail.shouldSwap = false;
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? pause.dataset.resume : pause.dataset.pause;
    if (paused) {
      stop();
      say("paused");
    } else {
      say("starting");
      start();
    }
  });
  say("starting");
  start();
})();
