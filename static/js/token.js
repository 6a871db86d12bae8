// The CSRF token as the cookie holds it at this moment. The name of the cookie stands on the page.
export const token = () => {
  const name = document.querySelector("[data-csrf-cookie]").dataset.csrfCookie;
  const pair = document.cookie.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return pair ? pair.slice(name.length + 1) : "";
};
