import { expect } from 'chai';
import fc from 'fast-check';
import { openWindow } from '../../src/operations/index.ts';

const at = (text: string): number => new Date(text).getTime();

describe('windows', () => {
  it('open at their first minute, and are open in all of them', () => {
    const night = openWindow('* 20-23,0-5 * * *', 'test');
    expect(night.opensAt(at('2026-11-21T13:07:34'))).to.equal(at('2026-11-21T20:00:00'));
    expect(night.opensAt(at('2026-11-21T23:59:59'))).to.equal(at('2026-11-21T23:59:59'));
    expect(night.opensAt(at('2026-11-22T05:59:10'))).to.equal(at('2026-11-22T05:59:10'));
    const weekend = openWindow('30-59 8 * * 6,0', 'test');
    expect(weekend.opensAt(at('2026-11-19T09:00:00'))).to.equal(at('2026-11-21T08:30:00'));
    const leap = openWindow('0 0 29 2 0', 'test');
    expect(leap.opensAt(at('2026-11-19T09:00:00'))).to.equal(at('2032-02-29T00:00:00'));
  });

  it('are never missed: nothing between now and what they say is open', () => {
    const hours = fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 4 });
    const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 59 }), { minLength: 1, maxLength: 5 });
    const now = fc.integer({ min: at('2026-01-01T00:00:00'), max: at('2027-01-01T00:00:00') });
    fc.assert(
      fc.property(hours, minutes, now, (hour, minute, from) => {
        const opens = openWindow(`${minute.join()} ${hour.join()} * * *`, 'test').opensAt(from);
        const isOpen = (time: number): boolean =>
          hour.includes(new Date(time).getHours()) && minute.includes(new Date(time).getMinutes());
        expect(isOpen(opens)).to.equal(true);
        expect(opens - from).to.be.within(0, 86_400_000 * 1.05);
        for (let time = from; time < opens; time += 60_000) expect(isOpen(time)).to.equal(false);
      }),
      { numRuns: 50 },
    );
  });

  for (const wrong of ['* 25 * * *', '0 0 30 2 *', '* * * * L', 'soon'])
    it(`"${wrong}" is refused`, () => {
      expect(() => openWindow(wrong, 'the rule "TOF"')).to.throw(/the rule "TOF" is no window/);
    });
});
