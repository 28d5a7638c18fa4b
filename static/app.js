// Small comforts. Every page works without them.

const root = document.documentElement;

// --- Theme: the reader's wish is a cookie, so that the server draws the page right at once. --------

function isDark() {
  if (root.dataset.theme) return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  root.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

// --- Notices: good news leaves by itself, bad news stays until it is dismissed. -------------------

const SECONDS_TO_READ = 7;

function fadeNotices() {
  for (const notice of document.querySelectorAll("#notices > [data-fades]")) {
    notice.removeAttribute("data-fades");
    let left = SECONDS_TO_READ;
    const timer = setInterval(() => {
      if (notice.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      notice.remove();
    }, 1000);
  }
}

function say(text, tone = "bad") {
  const notice = document.getElementById("notice").content.firstElementChild.cloneNode(true);
  notice.className = `toast tone-${tone}`;
  notice.querySelector("p").textContent = text;
  if (tone === "good") notice.dataset.fades = "";
  document.getElementById("notices").append(notice);
  fadeNotices();
}

// --- Forms: ask first where asked to, and take one click for one wish. ----------------------------

const confirmed = new WeakSet();

function askFirst(form, submitter) {
  const dialog = document.getElementById("confirm");
  const yes = dialog.querySelector("[data-confirm-yes]");
  dialog.querySelector("#confirm-title").textContent = form.dataset.confirmTitle || "Are you sure?";
  dialog.querySelector("#confirm-text").textContent = form.dataset.confirm;
  yes.textContent = form.dataset.confirmLabel || "Continue";
  yes.className = `btn btn-${form.dataset.confirmVariant === "danger" ? "danger" : "primary"}`;
  dialog.returnValue = "no";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    confirmed.add(form);
    form.requestSubmit(submitter);
  };
  dialog.showModal();
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    // A button that skips the checks of the form only looks ahead: it is not asked about.
    const looksAhead = event.submitter?.formNoValidate;
    if (form.dataset.confirm && !confirmed.has(form) && !looksAhead) {
      event.preventDefault();
      event.stopImmediatePropagation();
      askFirst(form, event.submitter);
      return;
    }
    confirmed.delete(form);
    if (form.method !== "post") return;
    if (form.hasAttribute("aria-busy")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.setAttribute("aria-busy", "true");
    event.submitter?.setAttribute("aria-busy", "true");
    // An answer that is a download leaves the page as it is.
    setTimeout(() => rest(form), 10_000);
  },
  true,
);

function rest(form) {
  form?.removeAttribute("aria-busy");
  for (const button of form?.querySelectorAll("[aria-busy]") ?? []) {
    button.removeAttribute("aria-busy");
  }
}

// Coming back through the browser's history finds forms ready again.
addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(rest));

// --- Clicks ---------------------------------------------------------------------------------------

async function copy(button) {
  const text = button.dataset.copy || document.querySelector(button.dataset.copyFrom)?.textContent;
  try {
    await navigator.clipboard.writeText((text ?? "").trim());
    say("Copied.", "good");
  } catch {
    say("Your browser did not let us copy that. Select it and copy by hand.");
  }
}

function isOutside(box, { clientX, clientY }) {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

document.addEventListener("click", (event) => {
  const target = event.target;
  if (target.closest("[data-theme-toggle]")) switchTheme();
  if (target.closest("[data-dismiss]")) target.closest(".toast")?.remove();
  const copier = target.closest("[data-copy], [data-copy-from]");
  if (copier) copy(copier);
  const opener = target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.opens)?.showModal();
  }
  if (target.closest("[data-closes]")) target.closest("dialog")?.close();
  if (target.matches("dialog.dialog") && isOutside(target, event)) target.close("no");
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
});

// Filters and choices that act at once: <form data-autosubmit> (its button stays for everybody else).
document.addEventListener("change", (event) => {
  event.target.closest("form[data-autosubmit]")?.requestSubmit();
});

// --- Keyboard: "/" goes to the search line, Escape closes a menu. ---------------------------------

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.querySelector("input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// --- Live: the number of unread notices, and what is new in the conversation on this page. ----------

const SECONDS_TO_COME_AGAIN = 20;

async function listen(bell) {
  // A pass lasts a minute, so each connection is made with a new one. None: nothing is live here.
  const answer = await fetch(bell.dataset.live).catch(() => null);
  if (answer && !answer.ok) return;
  const again = () => setTimeout(() => listen(bell), SECONDS_TO_COME_AGAIN * 1000);
  if (!answer) return again();
  const news = new EventSource((await answer.json()).url);
  // What came while nobody listened is looked for once; from here on nothing is missed.
  news.onopen = () => lookAgain();
  news.onmessage = ({ data }) => {
    const said = JSON.parse(data);
    showUnread(bell, said.unread);
    if (said.conversation) lookAgain(said.conversation);
  };
  news.onerror = () => {
    news.close();
    again();
  };
}

function showUnread(bell, unread) {
  bell.querySelector(".nav-count").hidden = !unread;
  bell.querySelector(".nav-count").textContent = unread;
  bell.querySelector(".sr-only").textContent = unread ? `Notices, ${unread} unread` : "Notices";
}

// htmx asks for what is new; the answer is empty where nothing is.
function lookAgain(conversation) {
  for (const thread of document.querySelectorAll("[data-conversation]")) {
    if (conversation && thread.dataset.conversation !== conversation) continue;
    thread.dispatchEvent(new CustomEvent("news"));
  }
}

// Somebody has read it once it stood before their eyes.
function sayRead() {
  if (document.visibilityState !== "visible") return;
  document.querySelector("form[data-reads]")?.dispatchEvent(new CustomEvent("seen"));
}
document.addEventListener("visibilitychange", sayRead);
document.addEventListener("htmx:load", sayRead);

// --- htmx: whole pages never land inside a fragment, and a lost connection is said. ---------------

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && xhr.status !== 500 && /^\s*<!doctype/i.test(xhr.responseText)) {
    event.detail.shouldSwap = false;
    say(
      xhr.status === 404
        ? "This is not there any more. Reload the page."
        : "That did not work. Reload the page and try again.",
    );
  }
});
// A form that is on its way asks for no more previews.
document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt.closest("form");
  if (form && form !== event.detail.elt && form.hasAttribute("aria-busy")) event.preventDefault();
});
document.addEventListener("htmx:responseError", () => {
  say("Something broke on our side. Nothing was half done; try again in a moment.");
});
document.addEventListener("htmx:sendError", () => {
  say("We could not reach Milepost. Check your connection and try again.");
});
document.addEventListener("htmx:afterRequest", (event) => rest(event.detail.elt.closest("form")));
document.addEventListener("htmx:afterSettle", fadeNotices);

fadeNotices();
for (const bell of document.querySelectorAll("[data-live]")) listen(bell);
document.querySelector("[aria-invalid=true]")?.focus();
