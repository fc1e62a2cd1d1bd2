export { clientContract } from './client-contract'
export type { ContractCase } from './client-contract'
