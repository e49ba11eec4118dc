/** Who and what is there, so that the app, the gateway and the load agree without asking. */

export const GROUP_SIZES = [50, 5_000, 50_000] as const
/** As many as there are connections at once: changes of one group wait for each other. */
export const GROUPS_OF_A_SIZE = 16

export const APP_KEY = 'bench-app-key'

export const loginOf = (n: number): string => `person.${n}@fernhollow.example`
export const titleOf = (size: number, n: number): string => `Team of ${size}, ${n}`
