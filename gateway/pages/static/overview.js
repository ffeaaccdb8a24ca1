// The region's page. It changes texts in place, by key: nothing that is read or focused is ever drawn anew.
"use strict";
(() => {
  const PATIENCE_MS = 6000; // three pings
  const RECONNECT_MS = 3000;
  const byId = (id) => document.getElementById(id);
  let source = null;
  let asked = -Infinity;
  let heard = performance.now(); // the page itself came from the gateway just now

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function fill(element, row) {
    if (element.dataset.kind !== row.kind) element.dataset.kind = row.kind;
    for (const field of element.querySelectorAll("[data-field]")) put(field, row.fields[field.dataset.field] ?? "");
  }

  function fresh(name, row) {
    const element = byId(`${name}-row`).content.firstElementChild.cloneNode(true);
    element.dataset.key = row.key;
    return element;
  }

  function list(name, rows) {
    const parent = byId(name);
    const known = new Map([...parent.children].map((element) => [element.dataset.key, element]));
    let place = parent.firstElementChild;
    for (const row of rows) {
      const element = known.get(row.key) ?? fresh(name, row);
      known.delete(row.key);
      fill(element, row);
      if (element === place) place = place.nextElementSibling;
      else parent.insertBefore(element, place);
    }
    for (const element of known.values()) element.remove();
  }

  function draw(overview) {
    heard = performance.now();
    for (const [id, text] of Object.entries(overview.texts)) put(byId(id), text);
    for (const [name, rows] of Object.entries(overview.lists)) list(name, rows);
    watch();
  }

  function watch() {
    const lost = performance.now() - heard > PATIENCE_MS;
    document.body.dataset.fresh = lost ? "no" : "yes";
    byId("stale").hidden = !lost;
    put(byId("stale"), lost ? "The gateway does not answer: what you see is old. The lanes work on alone; this page reconnects by itself." : "");
    put(byId("freshness"), lost ? "Not live" : "Live");
    if (lost && performance.now() - asked > RECONNECT_MS) connect();
  }

  function connect() {
    source?.close();
    asked = performance.now();
    source = new EventSource("events");
    source.addEventListener("overview", (message) => draw(JSON.parse(message.data)));
  }

  setInterval(watch, 500);
  connect();
})();
