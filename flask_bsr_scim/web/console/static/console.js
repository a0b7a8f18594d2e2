"use strict";

// Times in the reader's own zone; the title keeps UTC.
const format = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "medium"});
const clock = new Intl.DateTimeFormat(undefined, {timeStyle: "medium"});

function localize(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const isToday = moment.toDateString() === new Date().toDateString();
    element.textContent = (isToday && element.closest(".when") ? clock : format).format(moment);
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = "Copied";
  });
}

for (const select of document.querySelectorAll(".filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// The list of requests grows by events of the server; by questions while it has no stream to give.
const MOST_ROWS = 500, QUESTION = 3000, NEXT_STREAM = 30000;

function follow(live) {
  const list = document.getElementById("requests");
  const text = document.getElementById("live-text");
  const pause = document.getElementById("pause");
  const choice = new URLSearchParams(location.search);
  let last = Number(live.dataset.last), source = null, timer = null, isPaused = false;

  const address = (name) => {
    choice.set("last", String(last));
    return `${live.dataset.url}/${name}?${choice}`;
  };
  const say = (state, words) => {
    live.dataset.state = state;
    if (text.textContent !== words) text.textContent = words;
  };
  const show = (event) => {
    if (event.last <= last) return;
    last = event.last;
    if (!event.html) return;
    const template = document.createElement("template");
    template.innerHTML = event.html;
    localize(template.content);
    for (const row of [...template.content.querySelectorAll("li")].reverse()) {
      row.classList.add("new");
      insert(row);
    }
    while (list.children.length > MOST_ROWS) list.lastElementChild.remove();
    document.getElementById("empty").hidden = true;
  };
  // Several processes write what they answered, each a moment later.
  const insert = (row) => {
    let below = list.firstElementChild;
    while (below && Number(below.dataset.at) > Number(row.dataset.at)) below = below.nextElementSibling;
    list.insertBefore(row, below);
  };
  const stop = () => {
    if (source) source.close();
    source = null;
    clearTimeout(timer);
  };
  const stream = () => {
    stop();
    source = new EventSource(address("stream"));
    source.onopen = () => say("on", "Live");
    source.onmessage = (message) => show(JSON.parse(message.data));
    source.onerror = () => {
      if (source && source.readyState === EventSource.CLOSED) ask(Date.now() + NEXT_STREAM);
    };
  };
  const ask = async (until) => {
    stop();
    try {
      const response = await fetch(address("rows"), {cache: "no-store"});
      if (response.status === 401) {
        say("off", "Your session is over: reload to sign in");
        pause.hidden = true;
        return;
      }
      if (!response.ok) throw new Error(String(response.status));
      show(await response.json());
      say("on", "Live, every few seconds");
    } catch {
      say("off", "No connection, trying again");
    }
    if (!isPaused) timer = setTimeout(() => (Date.now() > until ? stream() : ask(until)), QUESTION);
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? "Go on" : "Pause";
    if (isPaused) {
      stop();
      say("paused", "Paused");
    } else {
      stream();
    }
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && !isPaused && stream());
  say("off", "Connecting");
  stream();
}

localize(document);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({block: "nearest", inline: "center"});
const live = document.getElementById("live");
if (live) follow(live);
