// The choice of when a token expires.
const DAY_MS = 86_400_000;

/** Days, as they are submitted; '' does not expire. */
const periods: Readonly<Record<string, string>> = {
  '': 'Never',
  '7': 'In 7 days',
  '30': 'In 30 days',
  '90': 'In 90 days',
  '365': 'In 365 days',
};

/** Returns when a token with this choice expires; null if it does not, undefined if there is no such choice. */
export function readExpiry(days: string, now: number): number | null | undefined {
  if (!Object.hasOwn(periods, days)) return undefined;
  return days === '' ? null : now + Number(days) * DAY_MS;
}

interface TokenExpiryProps {
  /** In days. */
  value: string;
  /** Whether the token can be valid forever. */
  canBeNever?: boolean;
}

export function TokenExpiry({ value, canBeNever = false }: TokenExpiryProps) {
  return (
    <label class="field">
      <span>Expires</span>
      <select name="expiresInDays">
        {Object.entries(periods)
          .filter(([days]) => canBeNever || days !== '')
          .map(([days, label]) => (
            <option key={days} value={days} selected={days === value}>
              {label}
            </option>
          ))}
      </select>
    </label>
  );
}
