// Opens pages of a site in frames of several widths and writes what is wrong with them, as JSON, into the document.
const clipped = (rect, node) => {
  let {left, top, right, bottom} = rect;
  for (let box = node.parentElement; box; box = box.parentElement) {
    const style = getComputedStyle(box);
    if (style.overflowX === "visible" && style.overflowY === "visible") continue;
    const frame = box.getBoundingClientRect();
    [left, top] = [Math.max(left, frame.left), Math.max(top, frame.top)];
    [right, bottom] = [Math.min(right, frame.right), Math.min(bottom, frame.bottom)];
  }
  return {left, top, right, bottom, node, text: node.textContent.trim().slice(0, 40)};
};

const lines = (page) => {  // the visible lines of text, formulas left out
  const found = [];
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (!node.textContent.trim() || node.parentElement.closest("math, svg, script, style")) continue;
    if (!node.parentElement.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const range = page.createRange();
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) {
      const line = clipped(rect, node);
      if (line.right - line.left > 1 && line.bottom - line.top > 1) found.push(line);
    }
  }
  return found.sort((a, b) => a.top - b.top);
};

const overlaps = (page) => {
  const found = [], all = lines(page);
  all.forEach((a, i) => {
    for (let j = i + 1; j < all.length && all[j].top < a.bottom; j++) {
      const b = all[j];
      if (a.node === b.node) continue;  // a line cut short with an ellipsis
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - b.top;
      const least = Math.min(a.bottom - a.top, b.bottom - b.top);
      if (width > 2 && height > 0.3 * least) found.push(`${a.text} / ${b.text}`);
    }
  });
  return found;
};

const look = async (url, width) => {
  const frame = document.createElement("iframe");
  Object.assign(frame.style, {width: `${width}px`, height: "3000px", border: "none"});
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; frame.src = url; });
  const page = frame.contentDocument, images = [...page.images];
  for (const image of images) image.loading = "eager";
  await Promise.all(images.map((image) => image.complete || new Promise((done) => {
    image.onload = image.onerror = done;
  })));
  await page.fonts.ready;
  const said = {
    url, width, title: page.title, images: images.length, lines: lines(page).length,
    broken: images.filter((image) => !image.naturalWidth).map((image) => image.src),
    beyond: page.documentElement.scrollWidth - width,
    overlaps: overlaps(page),
  };
  frame.remove();
  return said;
};

(async () => {
  const report = [];
  for (const url of PAGES) for (const width of WIDTHS) report.push(await look(url, width));
  document.getElementById("report").textContent = JSON.stringify(report);
})();
