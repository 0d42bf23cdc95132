// How well two domains mix in a map: the number that the eye cannot give, with its
// error and the control whose domains were dealt out at random.
export function render({model}) {
  const row = h("div.row"), bar = h("div.bar", {role: "img"});
  const draw = () => {
    const {value, text, error, control, share, controlShare, kind, waiting} = model.state;
    if (waiting) {
      row.replaceChildren(h("span.muted", {}, "neighbours from the other domain"), h("span.spacer"), h("span.faint", {}, waiting));
      bar.replaceChildren();
      return;
    }
    row.replaceChildren(h("span.muted.what", {}, h("span.long", {}, "neighbours "), "from the other domain"), h("span.spacer"),
      h("span.strong", {}, text), h("span.muted", {}, ` ± ${error}`), h("span.muted.end", {}, "0.5 = mixed"),
      h("span.muted.end", {title: "The same score with the domains dealt out at random: what a perfect mix gives here"}, `shuffled ${control}`));
    bar.setAttribute("aria-label", `${text} of 0.5`);
    bar.title = `${text} ± ${error}; shuffled ${control}`;
    bar.replaceChildren(h(`i.${kind}`, {style: `width: ${(100 * share).toFixed(1)}%`}), h("b", {style: `left: ${(100 * controlShare).toFixed(1)}%`}));
  };
  model.on("state", draw);
  draw();
  return h("div.mixing", {role: "group", "aria-label": "Mixing of the domains"}, row, bar);
}
