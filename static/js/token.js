// The CSRF token as the cookie holds it at this moment.
export const token = () => {
  const name = document.documentElement.dataset.csrfCookie;
  const pair = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return pair ? pair.slice(name.length + 1) : "";
};
