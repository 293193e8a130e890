// Comfort on top of pages that work without it: nothing here is needed to read or to act.

// A form is sent once: a second press of its button while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  form.setAttribute("aria-busy", "true");
});

// A page that the browser kept and shows again may send its forms anew.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
});

// Where something is wrong, the reader is led to it.
document.querySelector("[role=alert] a, [aria-invalid=true]")?.focus();

// On a narrow screen the menu begins closed.
const menu = document.querySelector("nav.side details");
if (menu && window.matchMedia("(max-width: 60rem)").matches) menu.open = false;

// Elements marked data-copy are copied by a press.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  navigator.clipboard?.writeText(document.getElementById(button.dataset.copy).textContent.trim());
});
