/** Thrown by {@link Store.commit} when an expected version did not lie there. Nothing was changed; read again. */
export class StoreConflict extends Error {
    name = 'StoreConflict';
}
