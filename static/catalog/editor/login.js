// Logging in again without leaving the page: the session ran out, the text stays where it is.

// Shows `dialog` until somebody has logged in; resolves to a fresh token, or to null where it was closed.
export function askToLogIn(dialog, address, token) {
  const form = dialog.querySelector("form");
  const trouble = dialog.querySelector("[role=alert]");
  const password = form.elements.password;
  trouble.textContent = "";
  password.value = "";
  dialog.showModal();
  password.focus();

  return new Promise((resolve) => {
    let fresh = null;
    const onSubmit = async (event) => {
      event.preventDefault();
      const answer = await logIn(address, token(), form);
      if (answer.token && answer.user === form.elements.username.value) {
        fresh = answer.token;
        dialog.close();
      } else {
        trouble.textContent = answer.trouble || "This account may not write here.";
        password.select();
      }
    };
    const onLater = (event) => event.target.closest("[data-close]") && dialog.close();
    form.addEventListener("submit", onSubmit);
    form.addEventListener("click", onLater);
    dialog.addEventListener(
      "close",
      () => {
        form.removeEventListener("submit", onSubmit);
        form.removeEventListener("click", onLater);
        resolve(fresh);
      },
      { once: true },
    );
  });
}

async function logIn(address, token, form) {
  try {
    const known = await (await fetch(address)).json();
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": known.token || token },
      body: JSON.stringify({ username: form.elements.username.value, password: form.elements.password.value }),
    });
    return await response.json();
  } catch {
    return { trouble: "There is no connection. Your text is kept here; try again." };
  }
}
