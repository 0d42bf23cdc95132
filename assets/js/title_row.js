// The title of a card: name, what it shows now, and "What am I seeing?".
export function render({model}) {
  const sub = h("span.sub");
  const note = h("span.note.muted");
  const chips = h("span");
  const draw = () => {
    const state = model.state;
    sub.textContent = state.sub ?? "";
    note.textContent = state.note ?? "";
    chips.replaceChildren(...(state.chips ?? []).map(({kind, text, tip}) => h(`span.chip.${kind}`, {title: tip || null}, icon(kind, 14), text)));
  };
  model.on("state", draw);
  draw();
  return h("div.title-row", {}, h("h2", {}, model.state.title), helpButton(model.state.card), sub, h("span.spacer"), note, chips);
}
