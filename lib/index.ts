export { Cached } from './decorators/cached'
export { CacheEvict } from './decorators/cache-evict'
export type { EvictKeyFunction, EvictOptions } from './decorators/cache-evict'
export { CachePut } from './decorators/cache-put'
export type { PutOptions } from './decorators/cache-put'
export { cachedMethod } from './decorators/cached-method'
export type { CachedMethod } from './decorators/cached-method'
export { decoratedMethods } from './decorators/decorated-methods'
export type { DecoratedMethod } from './decorators/decorated-methods'
export type { AsyncMethod, MethodDecorator } from './decorators/dialect'

export { cacheResponse } from './http/cache-response'
export type { Middleware } from './http/cache-response'
export { invalidateResponses } from './http/invalidate-responses'
export type { InvalidateResponsesOptions } from './http/invalidate-responses'
export type { CacheableRequest, ResponseOptions } from './http/options'
export type { QueryOption } from './http/query-part'
export type { CredentialHeader } from './http/who-asks'

export { isRevokedFor } from './auth/is-revoked-for'
export { rejectBlacklisted } from './auth/reject-blacklisted'
export type { RejectBlacklisted } from './auth/reject-blacklisted'
export type { RejectBlacklistedOptions } from './auth/reject-options'
export type { TokenSource } from './auth/token-source'
export type { TokenHeader, VerificationKey, VerifyOptions } from './auth/verify-options'
export { createTokenBlacklist, TokenBlacklist, tokenBlacklist } from './auth/token-blacklist'
export type { TokenBlacklistOptions } from './auth/blacklist-options'
export type {
  GivenToken,
  ListedRevocation,
  ReplicaOptions,
  RestoreAllOptions,
  RevokeAllOptions,
  Revoked,
  RevokedAll,
  RevokeOptions,
} from './auth/revoke-options'
export type { TokenClaims } from './auth/token-id'

export { Cache, createCache } from './cache/cache'
export type { CacheEvents } from './cache/cache-core'
export type { EntryOptions, LoadOptions, Ttl } from './cache/entry-options'
export type { LoadContext } from './cache/load-context'
export type { KeyFunction, KeyPart } from './cache/cache-key'
export { cached } from './cache/cached'
export type { CachedOptions } from './cache/cached'
export type { CacheChoice, CallOptions } from './cache/call-plan'
export { withoutCache } from './cache/without-cache'
export { defaultCache, setDefaultCache } from './cache/default-cache'
export type { CacheOptions } from './cache/options'
export { richSerializer } from './cache/rich-serializer'
export type { Serializer } from './cache/serializer'
export type { CacheStats, MemoryStats, RedisStats, Tally } from './observe/stats'
export type { Health } from './observe/health'

export type { CacheClient, KeyClaim, Lease, LogEntry, LogRecord } from './client/cache-client'
export type { ClientEvents, ClientState, Stored } from './client/client-state'
export type { NodeRedisClient } from './client/node-redis'

export type { Clock } from './clock'
export type { Duration } from './duration'
export type { Logger } from './logger'
export {
  AmbiguousTokenError,
  CommandRefusedError,
  CommandTimeoutError,
  HoldfastError,
  InvalidEnvironmentError,
  InvalidKeyError,
  InvalidOptionError,
  InvalidTokenError,
  LoaderTimeoutError,
  NotCacheableError,
  RevocationsUnavailableError,
  TokenMissingError,
  TokenRejectedError,
  TokenRevokedError,
  UnverifiedTokenError,
} from './errors'
export type { HoldfastErrorCode } from './errors'
