// The desk by keyboard. Each key presses a link or a button that says so by data-key, or moves along
// the rows; nothing is reached by it alone.

const SECONDS_TO_FOLLOW = 2;
let followsUntil = 0; // as long as a "g" waits for its second letter

// Every row that leads somewhere, in the order of the page.
function rows() {
  return [...document.querySelectorAll("main tbody tr")]
    .map((row) => row.querySelector("a[href]"))
    .filter((link) => link?.checkVisibility());
}

function move(by) {
  const links = rows();
  const row = document.activeElement.closest("tbody tr");
  const here = links.findIndex((link) => row?.contains(link));
  const next = here === -1 && by < 0 ? links.length - 1 : here + by;
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
}

function press(keys) {
  const named = document.querySelector(`[data-key="${CSS.escape(keys)}"]`);
  named?.click();
  return named !== null;
}

function answer(key) {
  const follows = performance.now() < followsUntil;
  followsUntil = 0;
  if (follows) return press(`g ${key}`);
  if (key === "g") followsUntil = performance.now() + SECONDS_TO_FOLLOW * 1000;
  else if (key === "j") move(1);
  else if (key === "k") move(-1);
  else return press(key);
  return true;
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (key.length !== 1 || document.querySelector("dialog[open]")) return;
  if (target.closest("input, textarea, select, [contenteditable]")) return;
  if (answer(key)) event.preventDefault();
});
