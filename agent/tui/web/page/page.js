// What is left to the page: keys go to the screen at once, and a closed screen can be opened again.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector("#again").addEventListener("click", () => window.location.reload());
});
window.addEventListener("load", () => document.querySelector("#terminal textarea").focus());
