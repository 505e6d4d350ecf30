import type { Deposit } from '@maydan/prisma';

const titles = {
  pending: 'Test payment · دفع تجريبي',
  paid: 'Paid · تم الدفع',
  failed: 'Failed · فشل الدفع',
};

/** The test provider's page, in both languages. Nothing in it is of a user's making. */
export function testPage({ coins, amountMinor, currency, state }: Deposit): string {
  const amount = `${(amountMinor / 100).toFixed(2)} ${currency.toUpperCase()}`;
  const form = `
    <form method="post">
      <button name="outcome" value="pay">Pay · ادفع</button>
      <button name="outcome" value="fail">Let it fail · اجعله يفشل</button>
    </form>`;
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width" />
  <title>${titles[state]}</title>
  <body style="font-family: system-ui, sans-serif; margin: 10vh auto; max-width: 30rem; text-align: center">
    <h1>${titles[state]}</h1>
    <p>${coins} coins · <span lang="ar" dir="rtl">${coins} عملة</span> · ${amount}</p>
    <p>No money is moved here. · <span lang="ar" dir="rtl">لا تُحوَّل أموال هنا.</span></p>
    ${state === 'pending' ? form : ''}
  </body>
</html>`;
}
