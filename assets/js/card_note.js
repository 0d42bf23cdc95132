// A line at the foot of a card.
export function render({model}) {
  const words = h("span");
  const draw = () => { words.textContent = model.state.text ?? ""; };
  model.on("state", draw);
  draw();
  return h("div.foot", {role: "note"}, words);
}
