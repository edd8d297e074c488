update variant set held = 0;
