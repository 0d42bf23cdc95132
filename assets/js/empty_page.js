// What stands in place of a page while there are no spectra: one sentence, one example.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const [example] = model.state.files;
  return h("section.empty", {"aria-label": "No spectra"}, icon("open", 40),
    h("p", {}, "No spectra are open yet: look at a star that ships with stellar_gui, or open a file of your own."),
    h("div.line", {},
      example ? h("button.button", {onclick: () => send("open_example", example[1])}, "Look at an APOGEE star") : null,
      h("button.button", {onclick: () => send("open")}, "Open spectra")));
}
