// Deskhand's self-service widget. A portal embeds it by one line:
//   <script src="https://deskhand.example/widget.js" data-for="#description" defer></script>
// While somebody types into that field, it asks Deskhand which articles answer, shows up to three below the
// field, and counts those that solved the problem. It keeps nothing in the browser and sends what is typed
// nowhere but to where it was loaded from.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script) return;
  const base = new URL(script.src).origin;
  const selector = script.dataset.for || "textarea";
  const PAUSE = 500; // milliseconds without a key before it asks
  const LEAST = 12; // characters worth asking about
  const MOST = 2000; // characters that are sent
  const ARTICLES = 3;
  const PASSAGE = 280; // characters of a passage

  // By chance, and only for as long as the page is open.
  const session = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  const send = (path, body, options) =>
    fetch(base + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      ...options,
    }).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)));

  const element = (name, text, attributes) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    return made;
  };

  const STYLE = `
    :host { display: block; font: 1rem/1.5 system-ui, sans-serif; color-scheme: light dark; }
    section { margin-block: 0.75rem; padding: 1rem 1.2rem; border: 1px solid GrayText; border-radius: 10px; background: Canvas; color: CanvasText; }
    section[hidden] { display: none; }
    h2 { margin: 0; font-size: 1rem; }
    ul { list-style: none; margin: 0; padding: 0; }
    li { padding-block: 0.75rem; border-top: 1px solid GrayText; }
    li:first-child { border-top: 0; }
    h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
    a { color: LinkText; }
    p { margin: 0.3rem 0; overflow-wrap: anywhere; }
    button { font: inherit; padding: 0.35rem 0.9rem; border: 1px solid currentColor; border-radius: 8px; background: ButtonFace; color: ButtonText; cursor: pointer; }
    :focus-visible { outline: 3px solid LinkText; outline-offset: 2px; }
    [role="status"] { min-height: 1px; }`;

  const attach = (field) => {
    const host = element("div");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const status = element("p", "", { role: "status", "aria-live": "polite" });
    const panel = element("section", "", { "aria-labelledby": "heading", hidden: "" });
    const heading = element("h2", "These articles may help", { id: "heading" });
    const list = element("ul");
    panel.append(heading, list);
    root.append(status, panel);
    field.after(host);

    let timer, asking, asked = "", answered = false, solved = false;

    const clear = (words) => {
      panel.hidden = true;
      list.replaceChildren();
      status.textContent = words || "";
    };

    const solve = (article) => {
      solved = true;
      send("/v1/deflections", { session_id: session, outcome: "solved", article_id: article.id }, { keepalive: true }).catch(() => {});
      clear("Good to hear. There is no need to send the form.");
      field.focus();
      field.dispatchEvent(new CustomEvent("deskhand:solved", { bubbles: true, detail: { article_id: article.id } }));
    };

    const item = (article) => {
      const made = element("li");
      const title = element("h3");
      if (/^https?:/i.test(article.url || "")) {
        title.append(element("a", article.title, { href: article.url, target: "_blank", rel: "noopener noreferrer" }));
      } else {
        title.textContent = article.title;
      }
      const passage = article.passage.trim();
      const cut = passage.length > PASSAGE ? passage.slice(0, PASSAGE).replace(/\s\S*$/, "") + " …" : passage;
      const button = element("button", "This solved it", { type: "button", "aria-label": "This solved it: " + article.title });
      button.addEventListener("click", () => solve(article));
      made.append(title, element("p", cut), button);
      return made;
    };

    const show = (answer) => {
      answered = answer.answered;
      const articles = answer.answered ? answer.articles.slice(0, ARTICLES) : [];
      if (articles.length === 0) return clear();
      list.replaceChildren(...articles.map(item));
      panel.hidden = false;
      status.textContent = articles.length === 1 ? "One article may help." : articles.length + " articles may help.";
    };

    const ask = () => {
      const text = field.value.trim().slice(0, MOST);
      if (asking) asking.abort();
      if (text.length < LEAST) {
        asked = "";
        answered = false;
        return clear();
      }
      if (text === asked) return;
      asking = new AbortController();
      send("/v1/suggest", { text, audience: "customer", top: ARTICLES }, { signal: asking.signal })
        .then((answer) => {
          asked = text;
          show(answer);
        })
        // Busy, stopped or cut off: the form works without.
        .catch(() => {});
    };

    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE);
    });
    host.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        clear();
        field.focus();
      }
    });
    if (field.form) {
      field.form.addEventListener("submit", () => {
        const text = field.value.trim().slice(0, MOST);
        if (!solved && !answered && asked && text.length >= LEAST) {
          send("/v1/deflections", { session_id: session, outcome: "unanswered", text }, { keepalive: true }).catch(() => {});
        }
      });
    }
  };

  const begin = () => {
    const field = document.querySelector(selector);
    if (field) attach(field);
    else console.warn("Deskhand: there is no field " + selector + " on this page");
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
