// Which run is looked at, where it stands, and what can be done with it.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const about = h("span.about");
  const actions = h("span.actions");
  // Buttons stay and change: the run moves on twice a second, and no click is lost.
  const made = [];
  const button = (place) => {
    const picture = h("span.picture"), word = h("span");
    const element = h("button.button", {onclick: () => send(model.state.buttons[place].command)}, picture, word);
    let shown;
    const update = ({text, picture: name, reason}) => {
      word.textContent = text;
      element.disabled = Boolean(reason);
      element.title = reason ?? "";
      picture.hidden = !name;
      if (name && name !== shown) picture.replaceChildren(icon(name, 16));
      shown = name;
    };
    return {element, update};
  };
  const draw = () => {
    const {run, buttons, empty} = model.state;
    while (made.length < buttons.length) {
      made.push(button(made.length));
      actions.append(made.at(-1).element);
    }
    made.forEach(({element, update}, place) => {
      element.hidden = place >= buttons.length;
      if (!element.hidden) update(buttons[place]);
    });
    if (!run) { redraw(about, h("span.muted", {}, empty)); return; }
    const {name, method, chip, progress, tone, steps, pace} = run;
    const bar = h(`span.progress.${tone}`, {role: "progressbar", "aria-label": "Progress", "aria-valuenow": Math.round(100 * progress), "aria-valuemin": 0, "aria-valuemax": 100},
      h("i", {style: `width: ${(100 * progress).toFixed(1)}%`}));
    redraw(about, h("span.strong.name", {title: name}, name), h("span.method", {}, method),
      h(`span.chip.${chip.kind}`, {role: "status", title: chip.tip || null}, icon(chip.picture, 14), chip.text), h("i.rule"), bar,
      h("span.steps", {}, h("span.strong", {}, steps[0]), h("span.muted", {}, steps[1])), h("span.pace.muted", {}, pace));
  };
  model.on("state", draw);
  draw();
  return h("section.bar", {"aria-label": "Run"}, about, h("span.spacer"), actions);
}
