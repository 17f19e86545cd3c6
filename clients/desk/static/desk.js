"use strict";
// What helps where there is a script: keys, and a page that goes blank when nobody is there. Every page works without.
(() => {
  const body = document.body;
  const seconds = Number(body.dataset.idle || 0);

  // The session ends at the desk whatever this does; here only what is left on the screen goes.
  let last = Date.now();
  const lock = () => {
    body.classList.add("locked");
    document.title = "Sealtrace";
    location.replace(body.dataset.signIn || "/");
  };
  if (seconds > 0) {
    for (const kind of ["keydown", "pointerdown", "pointermove", "scroll", "touchstart"]) {
      addEventListener(kind, () => { last = Date.now(); }, { passive: true });
    }
    const look = () => { if (Date.now() - last >= seconds * 1000) lock(); };
    setInterval(look, 5000);
    // A machine that slept shows nothing of yesterday when it wakes.
    document.addEventListener("visibilitychange", look);
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
  const go = (name) => {
    const link = document.querySelector(`[data-key="${name}"]`) || document.querySelector(`nav a[href="/${name}"]`);
    if (link) location.assign(link.href);
  };
  let before = "";
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const pages = { i: "inbox", f: "find", l: "log", a: "ask", s: "submit" };
    if (event.key === "/") {
      const search = document.querySelector('input[type="search"]');
      event.preventDefault();
      if (search) search.focus(); else go("find");
    } else if (event.key === "?") {
      go("keys");
    } else if (before === "g" && event.key === "h") {
      location.assign("/");
    } else if (before === "g" && event.key in pages) {
      go(pages[event.key]);
    }
    before = event.key;
  });

  // An error summary is where the reading goes on.
  const problems = document.getElementById("problems");
  if (problems) problems.focus();
})();
