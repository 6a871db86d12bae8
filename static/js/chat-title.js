// How many messages came while the tab was not seen: before the title, and as a dot on the tab's picture.
const icon = document.querySelector("link[rel=icon]");
const plain = icon?.href;
let title = document.title;
let count = 0;

const dotted = async () => {
  const image = new Image();
  image.src = plain;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0, 32, 32);
  brush.fillStyle = "#b4501e";
  brush.arc(24, 8, 8, 0, 2 * Math.PI);
  brush.fill();
  return canvas.toDataURL();
};

const draw = async () => {
  document.title = count ? `(${count}) ${title}` : title;
  if (!icon) return;
  const address = count ? await dotted().catch(() => plain) : plain;
  icon.href = count ? address : plain;
};

export const setTitle = (text) => {
  title = text;
  draw();
};

export const countUnseen = () => {
  if (!document.hidden) return;
  count += 1;
  draw();
};

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !count) return;
  count = 0;
  draw();
});
