'use client';

import { Trouble } from '#ui/trouble.tsx';

export default Trouble;
