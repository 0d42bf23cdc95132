// Ring the point that a click means in all maps, before the server has heard of it.
const {data} = source
const xs = data[`x_${place}`]
const ys = data[`y_${place}`]
const {x_range, y_range} = figure
const px = figure.inner_width / (x_range.end - x_range.start)
const py = figure.inner_height / (y_range.end - y_range.start)
let best = -1
let least = reach * reach
for (let i = 0; i < xs.length; i++) {
  const dx = (xs[i] - cb_obj.x) * px
  const dy = (ys[i] - cb_obj.y) * py
  const away = dx * dx + dy * dy
  if (away <= least && data.shade[i] !== hidden) {
    least = away
    best = i
  }
}
if (best >= 0) {
  const ringed = {}
  for (const name of Object.keys(picked.data)) ringed[name] = [data[name][best]]
  picked.setv({data: ringed}, {sync: false})
}
