import { Admission } from './Admission.ts';

describe('Admission', () => {
  it('lets a new session plan with what is free and takes back what it leaves', () => {
    const admission = new Admission(2);
    const first = admission.admit(null);
    expect(first?.cores).toBe(2);
    expect(admission.admit(null)).toBeNull();
    first?.settle(1.5);
    expect(admission.admit(null)?.cores).toBe(0.5);
    expect(admission.admit(null)).toBeNull();
    first?.release();
    first?.release();
    expect(admission.freeCores).toBe(1.5);
  });

  it('takes a session that must go on only as a whole', () => {
    const admission = new Admission(2);
    admission.admit(null)?.settle(1.2);
    expect(admission.admit(1)).toBeNull();
    expect(admission.admit(0.8)?.cores).toBeCloseTo(0.8);
  });

  it('carries one that is more than the budget when it is idle', () => {
    const admission = new Admission(1);
    expect(admission.admit(3)?.cores).toBe(1);
    expect(admission.admit(0.1)).toBeNull();
  });

  it('ignores what a released session settles', () => {
    const admission = new Admission(1);
    const session = admission.admit(null);
    session?.release();
    session?.settle(0.7);
    expect(admission.usedCores).toBe(0);
  });
});
