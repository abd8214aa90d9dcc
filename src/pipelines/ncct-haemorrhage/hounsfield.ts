/** HU of brain from cerebrospinal fluid upwards, without fat and without blood clots. */
export const brainHu = [14, 60] as const;
/** HU of bone from here on. */
export const boneHu = 300;
