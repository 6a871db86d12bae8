// The form for a member's ticket begins with the first field that is still empty; a summary of errors goes first.
const form = document.querySelector("[data-file-form]");

if (!document.querySelector("[data-focus-summary]")) {
  const fields = [...form.querySelectorAll("#id_member, #id_title, #id_description")];
  fields.find(({ value }) => !value.trim())?.focus();
}
