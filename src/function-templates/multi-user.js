// MultiUser: two accounts with the same rights take turns. The one that is not in use (SYSPREVIOUS) gets another password
// and comes into use, so clients that hold the former one go on undisturbed until the next rotation. Both accounts must
// exist. Before the first rotation there is no previous value: then the second account is `<username>_2`.

function createPending({ current, previous }) {
  const account = previous ?? { ...current, username: `${current.username}_2` };
  return { ...account, password: newPassword() };
}

async function setPassword({ current, pending }, place) {
  if (pending.username === current.username) throw new Error('both values name the same account');
  const session = await connect(place, place.admin);
  try {
    await session.changePassword(pending.username, pending.password);
  } finally {
    await session.close();
  }
}
