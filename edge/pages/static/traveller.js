// The traveller's display. It draws the latest screen, says which one stands on the glass, and closes the gate by itself
// when the lane falls silent: a green arrow is never older than six seconds.
"use strict";
(() => {
  const PATIENCE_MS = 6000; // three pings
  const LOOK_EVERY_MS = 250;
  const RECONNECT_MS = 3000;
  const LANGUAGE_LIFE_MS = 60000; // a language chosen and not used belongs to somebody who has gone
  const COUNTDOWN_FROM_S = 15;

  const byId = (id) => document.getElementById(id);
  const { words, steps } = JSON.parse(byId("text").textContent);
  const home = document.body.dataset.home;
  const buttons = [...document.querySelectorAll("#languages button")];
  const pictures = [...document.querySelectorAll(".pictogram")];
  const stale = { screen: "stale", hint: "", countdown_s: null };

  let source = null;
  let asked = -Infinity; // when the stream was last opened
  let heard = -Infinity; // when the lane last spoke
  let latest = null; // the last screen it sent
  let shown = stale;
  let ends = null; // when the traveller's time is up
  let language = home;
  let chosen = 0;
  let reached = { visit: -1, step: 0 }; // a short check later on does not send anybody back to step one

  const now = () => performance.now();
  const fresh = () => latest !== null && now() - heard < PATIENCE_MS;
  const say = (key, code = language) => words[code].messages[key] ?? "";

  function put(element, text) { // an unchanged text is not announced again
    if (element.textContent !== text) element.textContent = text;
  }

  function draw(screen) {
    if (screen.screen !== shown.screen && (screen.screen === "ready" || screen.screen === "closed")) language = home;
    shown = screen;
    const sign = words[home].messages[`sentence.${screen.screen}`] ? screen.screen : "stale";
    document.body.dataset.screen = sign;
    for (const picture of pictures) picture.toggleAttribute("hidden", picture.dataset.sign !== sign);
    ends = typeof screen.countdown_s === "number" ? now() + screen.countdown_s * 1000 : null;
    if (screen.lane) put(byId("lane"), screen.lane);
    write(sign, screen.hint);
    progress(furthest(screen, steps[sign] ?? 0));
    countdown();
  }

  function write(sign, hint) {
    document.documentElement.lang = language;
    document.documentElement.dir = words[language].direction;
    put(byId("sentence"), say(`sentence.${sign}`));
    put(byId("detail"), (hint && say(`hint.${hint}`)) || say(`detail.${sign}`));
    put(byId("gate"), say("label.gate"));
    for (const line of byId("others").children) {
      line.hidden = line.lang === language;
      put(line, say(`sentence.${sign}`, line.lang));
    }
    for (const name of document.querySelectorAll("[data-message]")) put(name, say(name.dataset.message));
    byId("progress").ariaLabel = say("label.steps");
    byId("languages").ariaLabel = say("label.languages");
    for (const button of buttons) button.ariaPressed = String(button.value === language);
  }

  function furthest(screen, step) {
    const before = screen.screen !== "ready" && screen.visit === reached.visit ? reached.step : 0;
    if (step !== 0) reached = { visit: screen.visit, step: Math.max(before, step) };
    return step === 0 ? 0 : reached.step;
  }

  function progress(step) {
    byId("progress").hidden = step === 0;
    for (const item of document.querySelectorAll("#progress li")) {
      const own = Number(item.dataset.step);
      item.classList.toggle("done", own < step);
      put(item.querySelector(".number"), own < step ? "\u2713" : String(own));
      if (own === step) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
  }

  function countdown() {
    const seconds = ends === null ? null : Math.max(0, Math.ceil((ends - now()) / 1000));
    byId("countdown").hidden = seconds === null || seconds > COUNTDOWN_FROM_S;
    if (seconds !== null) put(byId("countdown"), say("label.countdown").replace("{seconds}", seconds));
  }

  // Twice a frame: the first comes before the paint, the second after it. A hidden or frozen page never gets here.
  function acknowledge(seq) {
    requestAnimationFrame(() => requestAnimationFrame(() => {
      if (shown !== latest || latest.seq !== seq) return;
      fetch("drawn", { method: "POST", body: JSON.stringify({ seq }), headers: { "content-type": "application/json" } })
        .catch(() => {}); // the lane has gone: the missing ping says so
    }));
  }

  function connect() {
    source?.close();
    asked = now();
    source = new EventSource("events");
    source.addEventListener("screen", (message) => {
      heard = now();
      latest = JSON.parse(message.data);
      draw(latest);
      acknowledge(latest.seq);
    });
    source.addEventListener("ping", (message) => {
      if (latest === null || Number(message.data) !== latest.seq) return connect(); // something was missed
      heard = now();
      if (shown !== latest) draw(latest);
      acknowledge(latest.seq);
    });
  }

  function watch() {
    if (!fresh() && shown !== stale) draw(stale);
    if (!fresh() && now() - asked > RECONNECT_MS) connect();
    if (language !== home && shown.screen === "ready" && now() - chosen > LANGUAGE_LIFE_MS) speak(home);
    countdown();
  }

  function speak(code) {
    language = code;
    chosen = now();
    write(document.body.dataset.screen, shown.hint);
    countdown();
  }

  for (const button of buttons) button.addEventListener("click", () => speak(button.value));
  document.addEventListener("visibilitychange", watch);
  setInterval(watch, LOOK_EVERY_MS);
  connect();
})();
