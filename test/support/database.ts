import { Buffer } from 'node:buffer';
import type { Webhooks } from '../../src/app/outbound/webhooks.ts';

/** A step as a function receives it. */
export interface FunctionCall {
  readonly step: 'create' | 'set' | 'test' | 'finish';
  readonly taskId: string;
  readonly subType: string;
  readonly current: { readonly username: string; readonly password: string };
  readonly previous?: { readonly username: string; readonly password: string };
  readonly pending?: { readonly username: string; readonly password: string };
}

/** An answer of a function, as it goes over the wire. */
export interface FunctionAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A database with its rotation function, which keeps to the protocol and knows the passwords that are in force. */
export class FakeDatabase {
  /** Password by account. */
  readonly passwords: Map<string, string>;
  readonly calls: FunctionCall[] = [];
  /** What is answered instead, while it gives something. */
  fault: (call: FunctionCall) => FunctionAnswer | undefined = () => undefined;
  #made = 0;

  constructor(passwords: Readonly<Record<string, string>>) {
    this.passwords = new Map(Object.entries(passwords));
  }

  canLogIn({ username, password }: { readonly username: string; readonly password: string }): boolean {
    return this.passwords.get(username) === password;
  }

  answer(call: FunctionCall): FunctionAnswer {
    this.calls.push(call);
    return this.fault(call) ?? this.#carryOut(call);
  }

  #carryOut(call: FunctionCall): FunctionAnswer {
    const { current, pending, previous, step, subType } = call;
    if (step === 'create') {
      const other = previous ?? { ...current, username: `${current.username}_2` };
      const account = subType === 'SingleUser' ? current : other;
      this.#made += 1;
      return { status: 200, body: { pending: { ...account, password: `Canary-made-${this.#made}` } } };
    }
    if (step === 'set' && pending !== undefined && !this.canLogIn(pending)) {
      // SingleUser has no other right than that of the account itself.
      if (subType === 'SingleUser' && !this.canLogIn(current)) {
        return { status: 500, body: { error_msg: 'the database refuses the present password' } };
      }
      this.passwords.set(pending.username, pending.password);
    }
    if (step === 'test' && (pending === undefined || !this.canLogIn(pending))) {
      return { status: 500, body: { error_msg: 'the database refuses the new password' } };
    }
    return { status: 200, body: {} };
  }

  /** The way to the function. */
  get webhooks(): Webhooks {
    return {
      post: async (_url, body) => {
        const { status, body: answer } = this.answer(JSON.parse(body) as FunctionCall);
        return { kind: 'answered', status, body: Buffer.from(JSON.stringify(answer)) };
      },
    };
  }
}
