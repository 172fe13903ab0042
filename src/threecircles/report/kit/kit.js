// Arrow keys, Page Up, Page Down, Home and End move from slide to slide; without this file the page reads on.
"use strict";
const slides = Array.from(document.querySelectorAll("section"));
let here = 0;
function show(number) {
  here = Math.max(0, Math.min(slides.length - 1, number));
  slides[here].focus();
  slides[here].scrollIntoView();
}
document.addEventListener("keydown", (event) => {
  if (event.target.closest("details, a, [role=region]")) return;
  const step = { ArrowRight: here + 1, PageDown: here + 1, ArrowLeft: here - 1, PageUp: here - 1, Home: 0, End: slides.length };
  if (event.key in step) {
    event.preventDefault();
    show(step[event.key]);
  }
});
