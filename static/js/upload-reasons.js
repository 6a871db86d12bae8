// Why a picture is not taken: before it is sent, and after the server has answered.
const ANSWERS = { 0: "interrupted", 401: "signed_out", 413: "too_big", 429: "too_often" };

// The server is the judge. `present` are the files already in the list.
export const fileReason = (file, present, count, { maxFiles, maxBytes, accept }, words) => {
  const isSame = (other) => other.name === file.name && other.size === file.size && other.lastModified === file.lastModified;
  if (present.some(isSame)) return words("duplicate");
  if (count >= Number(maxFiles)) return words("too_many");
  if (file.type && !accept.split(",").includes(file.type)) return words("wrong_type");
  if (!file.size) return words("empty");
  return file.size > Number(maxBytes) ? words("too_big") : "";
};

export const answerReason = ({ status, answer }, words) => {
  const [said] = answer?.errors?.file ?? [];
  return said ?? words(ANSWERS[status] ?? "failed");
};

// The same picture is refused again; a lost connection or a busy server is not for ever.
export const isWorthRetrying = ({ status }) => status !== 400 && status !== 413;
