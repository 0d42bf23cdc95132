// Mark the points inside a lasso in all maps, before the server has heard of it.
const {x: cx, y: cy} = cb_obj.geometry
const group = mode.data.group[0]
if (!cb_obj.final || group < 0 || cx.length < 3) return

const {data} = source
const xs = data[`x_${place}`]
const ys = data[`y_${place}`]
const found = []
for (let i = 0; i < xs.length; i++) {
  let inside = false
  for (let k = 0, j = cx.length - 1; k < cx.length; j = k++) {
    if ((cy[k] > ys[i]) === (cy[j] > ys[i])) continue
    const at = cx[k] + ((ys[i] - cy[k]) * (cx[j] - cx[k])) / (cy[j] - cy[k])
    if (xs[i] < at) inside = !inside
  }
  if (inside) found.push(i)
}

const quietly = {sync: false}
const top = cy.indexOf(Math.max(...cy))
const marked = {}
for (const name of Object.keys(members[group].data)) marked[name] = found.map((i) => data[name][i])
members[group].setv({data: marked}, quietly)
const visible = members.some((each) => each.data.shade.length > 0)
for (const veil of veils) veil.setv({visible}, quietly)
lassos[group].setv({data: {
  xs: [Array.from(cx)], ys: [Array.from(cy)], x: [cx[top]], y: [cy[top]], name: ["AB"[group]],
}}, quietly)
outlines[group].forEach((parts, map) => {
  for (const part of parts) part.setv({visible: map === place}, quietly)
})
