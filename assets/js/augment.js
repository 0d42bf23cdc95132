// What is done to the spectra before they are mapped: switches with sliders, and a look
// at before and after. Rows are built once, so that a slider that is dragged stays.
function augment(model, send) {
  const list = h("div.rows");
  const whole = ["before", "after"].map((word) => h("button", {onclick: () => send("augmented", word === "after")}, word));
  const note = h("p.muted");
  const panel = h("div.panel", {hidden: true, role: "dialog", "aria-label": "Augmentation"},
    h("div.title-row", {}, h("h2", {}, "Augmentation"), helpButton("augmentation"), h("span.spacer"),
      h("span.segments", {role: "group", "aria-label": "Augmentation"}, whole),
      h("button.icon-button.small", {"aria-label": "Close", onclick: () => show(false)}, icon("close", 18))),
    list, note);
  const opener = h("button.button", {"aria-haspopup": "dialog", "aria-expanded": "false", onclick: () => show(panel.hidden)}, "Augment");
  const show = (shown) => {
    panel.hidden = !shown;
    opener.setAttribute("aria-expanded", String(shown));
    (shown ? panel.querySelector("input") : opener).focus();
  };
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    show(false);
    event.stopPropagation();
  });
  let rows = null;
  const build = (given) => given.map(({name, title, unit, low, high, step}) => {
    const box = h("input", {type: "checkbox", onchange: () => tell()});
    const slider = high == null ? null : h("input", {type: "range", min: low, max: high, step, "aria-label": `${title}${unit ? ` / ${unit}` : ""}`});
    const value = h("output");
    let waiting;
    const tell = () => send("augment", {name, on: box.checked, value: slider ? Number(slider.value) : null});
    const written = () => { value.textContent = slider ? `${slider.value} ${unit}`.replace("-", "−") : ""; };
    slider?.addEventListener("input", () => {
      written();
      box.checked = true;
      clearTimeout(waiting);
      waiting = setTimeout(tell, 150);
    });
    const element = h("div.row", {}, h("label", {}, box, title), slider ?? h("span"), value);
    const update = (now) => {
      box.checked = now.on;
      if (slider && slider.getRootNode().activeElement !== slider) slider.value = now.value;
      written();
    };
    return {element, update};
  });
  const update = () => {
    const {augment: state} = model.state;
    opener.disabled = Boolean(state.reason);
    opener.title = state.reason ?? "Noise, rotation, velocity … added to the spectra";
    opener.setAttribute("aria-pressed", String(state.after));
    if (!rows && state.rows.length) {
      rows = build(state.rows);
      list.replaceChildren(...rows.map(({element}) => element));
    }
    rows?.forEach((row, place) => row.update(state.rows[place]));
    whole.forEach((button, place) => button.setAttribute("aria-pressed", String(state.after === (place === 1))));
    note.textContent = state.note;
  };
  return {element: h("span.anchor", {}, opener, panel), update};
}
