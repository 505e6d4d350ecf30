import { Admission } from './Admission.ts';

describe('Admission', () => {
  it('lets a new session plan with what is free and takes back what it leaves', () => {
    const admission = new Admission(2);
    const first = admission.admit(null);
    expect(first?.available).toBe(2);
    expect(admission.admit(null)).toBeNull();
    first?.settle(1.5);
    expect(admission.admit(null)?.available).toBe(0.5);
    expect(admission.admit(null)).toBeNull();
    first?.release();
    first?.release();
    expect(admission.freeCores).toBe(1.5);
  });

  it('takes a session that must go on only as a whole', () => {
    const admission = new Admission(2);
    admission.admit(null)?.settle(1.2);
    expect(admission.admit(1)).toBeNull();
    expect(admission.admit(0.8)?.available).toBeCloseTo(0.8);
  });

  it('carries one that is more than the budget when it is idle', () => {
    const admission = new Admission(1);
    expect(admission.admit(3)?.available).toBe(1);
    expect(admission.admit(0.1)).toBeNull();
  });

  it('lets a session that runs take what is free, and keeps what others hold', () => {
    const admission = new Admission(2);
    const first = admission.admit(null);
    first?.settle(0.4);
    const second = admission.admit(0.9);
    expect([first?.available, second?.available]).toEqual([1.1, 1.6]);
    first?.settle(1.1);
    expect(admission.usedCores).toBeCloseTo(2);
    expect(second?.available).toBeCloseTo(0.9);
    first?.settle(0.4);
    expect(second?.available).toBeCloseTo(1.6);
    second?.release();
    expect([first?.available, second?.available]).toEqual([2, 0]);
  });

  it('has no room for others beside a session that costs more than there was', () => {
    const admission = new Admission(2);
    const [first, second] = [admission.admit(1), admission.admit(null)];
    first?.settle(1.5);
    expect(second?.available).toBeCloseTo(0.5);
    expect(admission.freeCores).toBe(0);
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
