// SingleUser: each rotation gives the same account another password. The account changes it itself. Between `set` and the
// end of the rotation its old password is refused already: clients that are refused read the secret again.

function createPending({ current }) {
  return { ...current, password: newPassword() };
}

async function setPassword({ current, pending }, place) {
  const session = await connect(place, current);
  try {
    await session.changeOwnPassword(current, pending.password);
  } finally {
    await session.close();
  }
}
