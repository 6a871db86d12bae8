// What the browser keeps for a chat. A browser that keeps nothing (blocked, full) is no reason to fail.
export const recall = (key, otherwise = null) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
};

export const keep = (key, value) => {
  try {
    if (value === null || value === "" || value?.length === 0) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
};

export const watch = (key, onChange) => window.addEventListener("storage", (event) => { if (event.key === key) onChange(); });
