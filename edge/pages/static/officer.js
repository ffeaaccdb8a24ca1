// The officer's page. It follows the lane, says when it has lost it, and gives orders without leaving the page.
// Nothing is ordered on load, ever.
"use strict";
(() => {
  const PATIENCE_MS = 6000;
  const RECONNECT_MS = 3000;
  const byId = (id) => document.getElementById(id);
  let source = null;
  let asked = -Infinity;
  let heard = performance.now(); // the page itself came from the lane just now
  let since = Number(byId("since").dataset.since);
  let title = document.title;

  function put(element, text) {
    if (element.textContent !== String(text)) element.textContent = text;
  }

  function list(element, items) { // redrawn only when it differs: a reader is not interrupted every two seconds
    const key = JSON.stringify(items);
    if (element.dataset.key === key) return;
    element.dataset.key = key;
    element.replaceChildren(...items.map(({ what, cure }) => {
      const item = document.createElement("li");
      if (cure === undefined) item.textContent = what;
      else {
        const strong = document.createElement("strong");
        const span = document.createElement("span");
        strong.textContent = what;
        span.textContent = cure;
        item.append(strong, " ", span);
      }
      return item;
    }));
  }

  function draw(view) {
    put(byId("state"), view.state_words);
    put(byId("visit"), view.visit);
    put(byId("link"), view.link);
    put(byId("outbox"), view.outbox);
    byId("call").dataset.tone = view.tone;
    byId("called").hidden = !view.called;
    list(byId("reasons"), view.reason_words);
    list(byId("alarms"), view.alarm_words.length ? view.alarm_words.map((what) => ({ what })) : [{ what: "None" }]);
    if (!view.alarm_words.length) byId("alarms").firstChild.className = "none";
    document.title = (view.called ? "(!) " : "") + title;
    since = view.since_s;
    heard = performance.now();
    age();
  }

  function age() {
    const seconds = Math.floor(since + (performance.now() - heard) / 1000);
    put(byId("since"), seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`);
    const lost = performance.now() - heard > PATIENCE_MS;
    document.body.dataset.fresh = lost ? "no" : "yes";
    byId("stale").hidden = !lost;
    put(byId("stale"), lost ? "The lane does not answer: what you see is old. Go to the lane; this page reconnects by itself." : "");
    if (lost && performance.now() - asked > RECONNECT_MS) connect();
  }

  function connect() {
    source?.close();
    asked = performance.now();
    source = new EventSource("officer/events");
    source.addEventListener("lane", (message) => draw(JSON.parse(message.data)));
  }

  async function order(form) {
    const name = form.querySelector("button").textContent;
    try {
      const answer = await fetch(form.action, { method: "POST", headers: { accept: "application/json" } });
      const body = await answer.json();
      if (!answer.ok) return put(byId("done"), body.error.message);
      draw(body);
      put(byId("done"), `${name}: done at ${new Date().toLocaleTimeString("en-GB")}.`);
    } catch {
      put(byId("done"), `${name}: the lane did not answer. Go to the lane.`);
    }
  }

  for (const form of document.querySelectorAll(".buttons form")) {
    form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      order(form);
    });
  }
  setInterval(age, 500);
  connect();
})();
