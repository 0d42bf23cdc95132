// What is shown of the labels of all stars: a tab, a group of labels, a colour.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const tabs = h("span.segments", {role: "tablist", "aria-label": "Labels as"});
  const menus = h("span.menus"), scale = h("span.scale", {"aria-hidden": "true"});
  const menu = (label, value, options, command) => {
    const select = h("select", {"aria-label": label, title: label, onchange: () => send(command, select.value)},
      options.map(([own, text]) => h("option", {value: own, selected: own === value}, text)));
    return h("span.field", {}, select);
  };
  let offered = "";
  const draw = () => {
    const {tabs: words, tab, groups, group, colours, colour, scale: range} = model.state;
    redraw(tabs, words.map(([own, word]) => h("button", {role: "tab", "aria-selected": String(own === tab), "aria-pressed": String(own === tab), onclick: () => send("tab", own)}, word)));
    const now = JSON.stringify([groups, group, colours, colour]);
    if (now !== offered) {
      offered = now;
      redraw(menus, groups.length ? menu("Labels", group, groups.map((own) => [own, own === "main" ? "main labels" : own]), "group") : "",
        colours.length ? menu("Colour by", colour, colours, "colour") : "");
    }
    scale.hidden = !range;
    if (range) scale.replaceChildren(range.ends[0], h("i", {style: `background: linear-gradient(to right, ${range.colors.join(", ")})`}), range.ends[1]);
  };
  model.on("state", draw);
  draw();
  return h("div.row", {}, tabs, h("span.spacer"), scale, menus);
}
